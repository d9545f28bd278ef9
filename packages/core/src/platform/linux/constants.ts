import fs from 'node:fs';
import os from 'node:os';
import type { Whence } from '../posix/segments.ts';
import { STATX_LAYOUT, STATX_TIMESTAMP_LAYOUT } from '../status.ts';

/** Architectures whose ioctl numbers have other bits for the direction and a narrower size field. */
const OLD_IOCTL_LAYOUT = new Set(['mips', 'mipsel', 'ppc', 'ppc64', 'sparc', 'sparc64', 'alpha']);

/** `_IOW(type, number, size)` of <asm/ioctl.h> for one of Node's architecture names. */
export function ioctlWrite(arch: string, type: number, number: number, size: number): number {
  const write = OLD_IOCTL_LAYOUT.has(arch) ? 0x8000_0000 : 0x4000_0000;
  return write + size * 0x1_0000 + type * 0x100 + number;
}

/** `FICLONE` of <linux/fs.h>: `_IOW(0x94, 9, int)`. */
export const ficloneNumber = (arch: string): number => ioctlWrite(arch, 0x94, 9, 4);

export const FICLONE: number = ficloneNumber(process.arch);

/** `_IOWR('f', 11, struct fiemap)` of <linux/fs.h>: both directions set the same bits on every architecture. */
export const FS_IOC_FIEMAP = 0xc020_660b;
export const FIEMAP_EXTENT_LAST = 1;
/** The place of the extent on the disk is not decided yet. */
export const FIEMAP_EXTENT_UNKNOWN = 2;
export const FIEMAP_EXTENT_DELALLOC = 4;
/** The extent is reserved on the disk, but data that was written to it is still in memory. */
export const FIEMAP_EXTENT_UNWRITTEN = 0x800;

// Node.js knows these for the architecture it was built for; O_DIRECT is 0x4000 on x86 and 0x10000 on arm64.
export const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } =
  fs.constants;
export const O_DIRECT: number = fs.constants.O_DIRECT ?? 0;

/** These are the same on every architecture that Node.js supports, and are missing in `fs.constants`. */
export const O_CLOEXEC = 0o2_000_000;
export const O_PATH = 0o10_000_000;

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_EMPTY_PATH = 0x1000;
export const RENAME_NOREPLACE = 1;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const SEEK_SET = 0;
/** Seek to the start of the next data, or of the next hole. */
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;
export const WHENCE: Whence = { data: SEEK_DATA, hole: SEEK_HOLE };
export const FALLOC_FL_KEEP_SIZE = 1;
export const POSIX_FADV_DONTNEED = 4;
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_DIOALIGN = 0x2000;
export const XATTR_LIST_MAX = 65_536;
export const XATTR_SIZE_MAX = 65_536;

/**
 * The constants above by their names in C. Only a test reads this object: it compiles the constants against every
 * system's headers. The engine uses the exports above, which a bundler can inline.
 */
export const constants: Record<string, number> = {
  O_CLOEXEC,
  O_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  AT_REMOVEDIR,
  AT_EMPTY_PATH,
  RENAME_NOREPLACE,
  F_GETFL,
  F_SETFL,
  SEEK_SET,
  SEEK_DATA,
  SEEK_HOLE,
  FALLOC_FL_KEEP_SIZE,
  POSIX_FADV_DONTNEED,
  STATX_BASIC_STATS,
  STATX_DIOALIGN,
  XATTR_LIST_MAX,
  XATTR_SIZE_MAX,
  FS_IOC_FIEMAP,
  FIEMAP_EXTENT_LAST,
  FIEMAP_EXTENT_UNKNOWN,
  FIEMAP_EXTENT_DELALLOC,
  FIEMAP_EXTENT_UNWRITTEN,
};

/** Constants that depend on the architecture, which is given by Node's name for it. */
export const constantsOf = (arch: string): Record<string, number> => ({ FICLONE: ficloneNumber(arch) });

/** `struct statfs` of <sys/statfs.h>, in bytes. Its first field is the number of the filesystem. */
export const STATFS_LAYOUT: Record<'size' | 'f_type', number> = { size: 120, f_type: 0 };

/** `struct fiemap` of <linux/fiemap.h>, in bytes. The extents follow it. */
export const FIEMAP_LAYOUT: Record<'size' | 'fm_length' | 'fm_mapped_extents' | 'fm_extent_count', number> = {
  size: 32,
  fm_length: 8,
  fm_mapped_extents: 20,
  fm_extent_count: 24,
};
export const FIEMAP_EXTENT_LAYOUT: Record<'size' | 'fe_flags', number> = { size: 56, fe_flags: 40 };

/** Sizes of structures and offsets of their fields, in bytes. */
export const layouts: Record<string, Record<string, number>> = {
  'struct statx': STATX_LAYOUT,
  'struct statx_timestamp': STATX_TIMESTAMP_LAYOUT,
  // FileStatus.writeTimes() writes two of these.
  'struct timespec': { size: 16, tv_sec: 0, tv_nsec: 8 },
  'struct statfs': STATFS_LAYOUT,
  'struct fiemap': FIEMAP_LAYOUT,
  'struct fiemap_extent': FIEMAP_EXTENT_LAYOUT,
};

const { errno } = os.constants;
export const { EACCES, EDQUOT, EFBIG, EINTR, EINVAL, EIO, ENODATA, ENOSPC, ENOSYS, ENOTSUP, EOPNOTSUPP } =
  errno;
export const { EPERM, ERANGE } = errno;
