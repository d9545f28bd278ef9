/** Names of filesystems by the magic number that statfs() answers, from <linux/magic.h> and the filesystems. */
const NAMES = new Map([
  [0xef53, 'ext4'],
  [0x9123_683e, 'btrfs'],
  [0x5846_5342, 'xfs'],
  [0x0102_1994, 'tmpfs'],
  [0x8584_58f6, 'ramfs'],
  [0x794c_7630, 'overlay'],
  [0x6573_5546, 'fuse'],
  [0x6969, 'nfs'],
  [0xff53_4d42, 'cifs'],
  [0xfe53_4d42, 'smb2'],
  [0x2fc1_2fc1, 'zfs'],
  [0xca45_1a4e, 'bcachefs'],
  [0xf2f5_2010, 'f2fs'],
  [0x7461_636f, 'ocfs2'],
  [0x0116_1970, 'gfs2'],
  [0x00c3_6400, 'ceph'],
  [0x0102_1997, '9p'],
  [0x786f_4256, 'vboxsf'],
  [0x4d44, 'vfat'],
  [0x2011_bab0, 'exfat'],
  [0x5346_544e, 'ntfs'],
  [0x7366_746e, 'ntfs3'],
  [0x9660, 'iso9660'],
  [0x7371_7368, 'squashfs'],
  [0xe0f5_e1e2, 'erofs'],
  [0x9fa0, 'proc'],
  [0x6265_6572, 'sysfs'],
]);

/** What a filesystem is called; its number in hexadecimal when it has no name here. ext2 and ext3 are `ext4`. */
export function filesystemName(type: number): string {
  return NAMES.get(type) ?? `0x${type.toString(16)}`;
}
