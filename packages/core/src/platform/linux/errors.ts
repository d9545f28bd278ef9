import type { ErrorClass } from '../system.ts';
import {
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
} from './constants.ts';

/** The two devices, or the kernel, cannot do this: no use to ask again for the next file. */
const PAIR = new Set([EXDEV, EOPNOTSUPP, ENOTSUP, ENOSYS, ENOTTY]);

/**
 * This file cannot be done this way, others may: a NOCOW file on btrfs (EINVAL), an active swap file
 * (ETXTBSY), a seccomp filter or SELinux (EPERM, EACCES), an append-only destination (EBADF), CIFS and
 * fuse-overlayfs (ENOENT).
 */
const FILE = new Set([EINVAL, EPERM, EACCES, ETXTBSY, EBADF, EAGAIN, ENOENT, EISDIR, EOVERFLOW]);

/** `ioctl(FICLONE)`. A full disk or a failing one ends the copy: to go on would hide it. */
export function classifyClone(errno: number): ErrorClass {
  if (errno === EINTR || errno === EAGAIN) return 'retry';
  return PAIR.has(errno) ? 'pair' : FILE.has(errno) ? 'file' : 'fatal';
}

/**
 * `copy_file_range`. CIFS and NFS answer EIO for files that read() copies well, and EFBIG is answered for
 * positions that write() accepts, so both are left to read and write to repeat.
 */
export function classifyKernelCopy(errno: number): ErrorClass {
  if (errno === EINTR) return 'retry';
  if (errno === EIO || errno === EFBIG) return 'file';
  return PAIR.has(errno) ? 'pair' : FILE.has(errno) ? 'file' : 'fatal';
}

/** `O_DIRECT`: refused when it is switched on, or only at the first transfer. */
export function classifyDirect(errno: number): ErrorClass {
  if (errno === EINTR) return 'retry';
  return errno === EINVAL || PAIR.has(errno) ? 'pair' : 'fatal';
}

/** read() and write(): the last lane, whose errors are the truth. */
export function classifyReadWrite(errno: number): ErrorClass {
  return errno === EINTR ? 'retry' : 'fatal';
}
