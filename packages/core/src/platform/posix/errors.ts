import os from 'node:os';
import type { ErrorClass } from '../system.ts';

const {
  EACCES,
  EAGAIN,
  EBADF,
  EFBIG,
  EINTR,
  EINVAL,
  EIO,
  EISDIR,
  ENOENT,
  ENOSYS,
  ENOTSUP,
  ENOTTY,
  EOPNOTSUPP,
  EOVERFLOW,
  EPERM,
  ETXTBSY,
  EXDEV,
} = os.constants.errno;

/** The two devices, or the kernel, cannot do this: no use to ask again for the next file. */
export const PAIR: ReadonlySet<number> = new Set([EXDEV, EOPNOTSUPP, ENOTSUP, ENOSYS, ENOTTY]);

/** What stands for the answer of a clone that was not asked for. */
export const NO_CLONE: number = -EOPNOTSUPP;

/**
 * This file cannot be done this way, others may: a NOCOW file on btrfs (EINVAL), an active swap file
 * (ETXTBSY), a seccomp filter or SELinux (EPERM, EACCES), an append-only destination (EBADF), CIFS and
 * fuse-overlayfs (ENOENT).
 */
export const FILE: ReadonlySet<number> = new Set([
  EINVAL,
  EPERM,
  EACCES,
  ETXTBSY,
  EBADF,
  EAGAIN,
  ENOENT,
  EISDIR,
  EOVERFLOW,
]);

/** `ioctl(FICLONE)` and `fclonefileat`. A full disk or a failing one ends the copy: to go on would hide it. */
export function classifyClone(errno: number): ErrorClass {
  if (errno === EINTR || errno === EAGAIN) return 'retry';
  return PAIR.has(errno) ? 'pair' : FILE.has(errno) ? 'file' : 'fatal';
}

/**
 * `copy_file_range`. CIFS and NFS answer EIO for files that read() copies well, and EFBIG is answered for
 * positions that write() accepts, so both are left to read and write to repeat.
 */
export function classifyKernelCopy(errno: number): ErrorClass {
  return errno === EIO || errno === EFBIG ? 'file' : classifyCopyfile(errno);
}

/**
 * `fcopyfile`. It reads and writes by itself, so a full or failing disk is the truth; what it refuses for
 * reasons of its own, read() and write() may still do.
 */
export function classifyCopyfile(errno: number): ErrorClass {
  if (errno === EINTR) return 'retry';
  return PAIR.has(errno) ? 'pair' : FILE.has(errno) ? 'file' : 'fatal';
}

/** Past the page cache: refused when it is switched on, or only at the first transfer. */
export function classifyDirect(errno: number): ErrorClass {
  if (errno === EINTR) return 'retry';
  return errno === EINVAL || PAIR.has(errno) ? 'pair' : 'fatal';
}

/** read() and write(): the last lane, whose errors are the truth. */
export function classifyReadWrite(errno: number): ErrorClass {
  return errno === EINTR ? 'retry' : 'fatal';
}
