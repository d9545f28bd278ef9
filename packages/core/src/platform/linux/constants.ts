import fs from 'node:fs';

/**
 * `FICLONE` of <linux/fs.h>, `_IOW(0x94, 9, int)`, for one of Node's architecture names. The bits for the direction
 * differ on ppc64.
 */
export const ficloneNumber = (arch: string): number => (arch === 'ppc64' ? 0x8004_9409 : 0x4004_9409);

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
export const FALLOC_FL_KEEP_SIZE = 1;
export const POSIX_FADV_DONTNEED = 4;
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_DIOALIGN = 0x2000;
export const XATTR_LIST_MAX = 65_536;
export const XATTR_SIZE_MAX = 65_536;

/** Sizes of structures and offsets of their fields, in bytes. That of `struct statx` is in `status.ts`. */
export const layouts = {
  /** The number of the filesystem, and its free blocks. */
  'struct statfs': { size: 120, f_type: 0, f_bavail: 32 },
  /** The extents follow it. */
  'struct fiemap': { size: 32, fm_length: 8, fm_mapped_extents: 20, fm_extent_count: 24 },
  'struct fiemap_extent': { size: 56, fe_flags: 40 },
} as const;
