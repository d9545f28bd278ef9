import { statfsSync } from 'node:fs';
import { onDisk } from '../raw-names.ts';

/**
 * Filesystems: their numbers, as `statfs` reports them, and their names. The constants are from <linux/magic.h> and
 * <linux/gfs2_ondisk.h>; a test compares them. The last four are defined by each filesystem itself, in no header that
 * a program can include. ext2 and ext3 are `ext4`.
 */
export const FILESYSTEMS: readonly (readonly [type: number, name: string, constant: string])[] = [
  [0xef53, 'ext4', 'EXT4_SUPER_MAGIC'],
  [0x9123_683e, 'btrfs', 'BTRFS_SUPER_MAGIC'],
  [0x5846_5342, 'xfs', 'XFS_SUPER_MAGIC'],
  [0x0102_1994, 'tmpfs', 'TMPFS_MAGIC'],
  [0x8584_58f6, 'ramfs', 'RAMFS_MAGIC'],
  [0x794c_7630, 'overlay', 'OVERLAYFS_SUPER_MAGIC'],
  [0x6573_5546, 'fuse', 'FUSE_SUPER_MAGIC'],
  [0x6969, 'nfs', 'NFS_SUPER_MAGIC'],
  [0xff53_4d42, 'cifs', 'CIFS_SUPER_MAGIC'],
  [0xfe53_4d42, 'smb2', 'SMB2_SUPER_MAGIC'],
  [0xf2f5_2010, 'f2fs', 'F2FS_SUPER_MAGIC'],
  [0x7461_636f, 'ocfs2', 'OCFS2_SUPER_MAGIC'],
  [0x0116_1970, 'gfs2', 'GFS2_MAGIC'],
  [0x00c3_6400, 'ceph', 'CEPH_SUPER_MAGIC'],
  [0x0102_1997, '9p', 'V9FS_MAGIC'],
  [0x4d44, 'vfat', 'MSDOS_SUPER_MAGIC'],
  [0x2011_bab0, 'exfat', 'EXFAT_SUPER_MAGIC'],
  [0x9660, 'iso9660', 'ISOFS_SUPER_MAGIC'],
  [0x7371_7368, 'squashfs', 'SQUASHFS_MAGIC'],
  [0xe0f5_e1e2, 'erofs', 'EROFS_SUPER_MAGIC_V1'],
  [0xca45_1a4e, 'bcachefs', 'BCACHEFS_SUPER_MAGIC'],
  [0x9fa0, 'proc', 'PROC_SUPER_MAGIC'],
  [0x6265_6572, 'sysfs', 'SYSFS_MAGIC'],
  [0x2fc1_2fc1, 'zfs', 'ZFS_SUPER_MAGIC'],
  [0x786f_4256, 'vboxsf', 'VBOXSF_SUPER_MAGIC'],
  [0x5346_544e, 'ntfs', 'NTFS_SB_MAGIC'],
  [0x7366_746e, 'ntfs3', 'NTFS3_SUPER_MAGIC'],
];

const NAMES = new Map(FILESYSTEMS.map(([type, name]) => [type, name]));

/** The name of a filesystem, or its number in hexadecimal if the name is not known. */
export function filesystemName(type: number): string {
  return NAMES.get(type) ?? `0x${type.toString(16)}`;
}

/**
 * Filesystems that always report holes correctly, even if data is not on the disk yet: SEEK_DATA looks at delayed
 * allocations and dirty pages (ext4_seek_data, xfs_file_llseek and btrfs_file_llseek in Linux 6.x, by iomap or extent
 * maps; shmem_file_llseek by the pages themselves). Sparse files on all others are read to the end. Some that have
 * reported holes wrongly:
 *
 * - FUSE and virtiofs: files have no blocks, and SEEK_DATA returns the end of the file (docker/sbx-releases#526)
 * - ZFS: SEEK_DATA returns ENXIO for data that is not on the disk yet (openzfs/zfs#8816, #11900, #15526, #15933)
 * - NFS: blocks are counted late (openzfs/zfs#13991), and a server may answer SEEK wrongly (dittofs#1481)
 * - overlayfs: it asks the filesystem below, which may be any of these
 */
const TELLS_HOLES = new Set(['ext4', 'xfs', 'btrfs', 'tmpfs']);

/** Whether the results of SEEK_DATA and SEEK_HOLE on a filesystem can be trusted. */
export const tellsHoles = (type: number): boolean => TELLS_HOLES.has(filesystemName(type));

const COPIES_BY_ITSELF = new Set(['zfs', 'nfs', 'cifs', 'smb2']);

/**
 * Whether copy_file_range() is not a loop of reads and writes but one request: ZFS shares the blocks, and an NFS or
 * CIFS server copies on its side. The whole file is requested, without a search for holes.
 */
export const copiesByItself = (type: number): boolean => COPIES_BY_ITSELF.has(filesystemName(type));

const LAYERED = new Set(['overlay', 'fuse', 'nfs', 'smb2', 'cifs']);

/** Whether files in one directory may be on different disks below. */
export const isLayeredFilesystem = (type: number): boolean => LAYERED.has(filesystemName(type));

/** Whether the filesystem of a directory reports sizes that files do not have, as in /proc and /sys. */
export function isPseudoFilesystem(directory: string): boolean {
  const name = filesystemName(statfsSync(onDisk(directory)).type);
  return name === 'proc' || name === 'sysfs';
}
