import { statfsSync } from 'node:fs';
import { onDisk } from '../raw-names.ts';
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

/** The name of a filesystem, or its number in hexadecimal if the name is not known. ext2 and ext3 are `ext4`. */
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
const TELLS_HOLES = new Set([M.EXT4_SUPER_MAGIC, M.XFS_SUPER_MAGIC, M.BTRFS_SUPER_MAGIC, M.TMPFS_MAGIC]);

/** Whether the results of SEEK_DATA and SEEK_HOLE on a filesystem can be trusted. */
export function tellsHoles(type: number): boolean {
  return TELLS_HOLES.has(type);
}

/**
 * Filesystems where copy_file_range() is not a loop of reads and writes but one request: ZFS shares the blocks, and
 * an NFS or CIFS server copies on its side. The whole file is requested, with or without holes.
 */
const COPIES_BY_ITSELF = new Set([
  M.ZFS_SUPER_MAGIC,
  M.NFS_SUPER_MAGIC,
  M.CIFS_SUPER_MAGIC,
  M.SMB2_SUPER_MAGIC,
]);

/** Whether a filesystem copies whole files itself, so that a search for holes is not needed. */
export function copiesByItself(type: number): boolean {
  return COPIES_BY_ITSELF.has(type);
}

const LAYERED = new Set([
  M.OVERLAYFS_SUPER_MAGIC,
  M.FUSE_SUPER_MAGIC,
  M.NFS_SUPER_MAGIC,
  M.SMB2_SUPER_MAGIC,
  M.CIFS_SUPER_MAGIC,
]);

/** Whether files in one directory may be on different disks below. */
export function isLayeredFilesystem(type: number): boolean {
  return LAYERED.has(type);
}

/** Whether the filesystem of a directory reports sizes that files do not have, as in /proc and /sys. */
export function isPseudoFilesystem(directory: string): boolean {
  const { type } = statfsSync(onDisk(directory));
  return type === M.PROC_SUPER_MAGIC || type === M.SYSFS_MAGIC;
}
