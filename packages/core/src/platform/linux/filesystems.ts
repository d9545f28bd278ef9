import * as M from './magic.ts';

const NAMES = new Map([
  [M.EXT4_SUPER_MAGIC, 'ext4'],
  [M.BTRFS_SUPER_MAGIC, 'btrfs'],
  [M.XFS_SUPER_MAGIC, 'xfs'],
  [M.TMPFS_MAGIC, 'tmpfs'],
  [M.RAMFS_MAGIC, 'ramfs'],
  [M.OVERLAYFS_SUPER_MAGIC, 'overlay'],
  [M.FUSE_SUPER_MAGIC, 'fuse'],
  [M.NFS_SUPER_MAGIC, 'nfs'],
  [M.CIFS_SUPER_MAGIC, 'cifs'],
  [M.SMB2_SUPER_MAGIC, 'smb2'],
  [M.ZFS_SUPER_MAGIC, 'zfs'],
  [M.BCACHEFS_SUPER_MAGIC, 'bcachefs'],
  [M.F2FS_SUPER_MAGIC, 'f2fs'],
  [M.OCFS2_SUPER_MAGIC, 'ocfs2'],
  [M.GFS2_MAGIC, 'gfs2'],
  [M.CEPH_SUPER_MAGIC, 'ceph'],
  [M.V9FS_MAGIC, '9p'],
  [M.VBOXSF_SUPER_MAGIC, 'vboxsf'],
  [M.MSDOS_SUPER_MAGIC, 'vfat'],
  [M.EXFAT_SUPER_MAGIC, 'exfat'],
  [M.NTFS_SB_MAGIC, 'ntfs'],
  [M.NTFS3_SUPER_MAGIC, 'ntfs3'],
  [M.ISOFS_SUPER_MAGIC, 'iso9660'],
  [M.SQUASHFS_MAGIC, 'squashfs'],
  [M.EROFS_SUPER_MAGIC_V1, 'erofs'],
  [M.PROC_SUPER_MAGIC, 'proc'],
  [M.SYSFS_MAGIC, 'sysfs'],
]);

/** What a filesystem is called; its number in hexadecimal when it has no name here. ext2 and ext3 are `ext4`. */
export function filesystemName(type: number): string {
  return NAMES.get(type) ?? `0x${type.toString(16)}`;
}

const LAYERED = new Set([
  M.OVERLAYFS_SUPER_MAGIC,
  M.FUSE_SUPER_MAGIC,
  M.NFS_SUPER_MAGIC,
  M.SMB2_SUPER_MAGIC,
  M.CIFS_SUPER_MAGIC,
]);

/** Whether files of one directory may lie on different disks below. */
export function isLayeredFilesystem(type: number): boolean {
  return LAYERED.has(type);
}
