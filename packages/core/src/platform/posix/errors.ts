import * as E from '../errno.ts';
import type { ErrorClass } from '../system.ts';

/** Errors that mean: the two devices, or the kernel, cannot do this, so it is useless to try the next file. */
export const PAIR: ReadonlySet<number> = new Set([E.EXDEV, E.EOPNOTSUPP, E.ENOTSUP, E.ENOSYS, E.ENOTTY]);

/** Used as the result of a clone that was not tried. */
export const NO_CLONE: number = -E.EOPNOTSUPP;

/**
 * Errors that mean: this file cannot be copied this way, but others may: a NOCOW file on btrfs (EINVAL), an active
 * swap file (ETXTBSY), a seccomp filter or SELinux (EPERM, EACCES), an append-only destination (EBADF), CIFS and
 * fuse-overlayfs (ENOENT).
 */
const FILE = new Set([
  E.EINVAL,
  E.EPERM,
  E.EACCES,
  E.ETXTBSY,
  E.EBADF,
  E.EAGAIN,
  E.ENOENT,
  E.EISDIR,
  E.EOVERFLOW,
]);

/**
 * Errors of `ioctl(FICLONE)` and `fclonefileat`. A full or failing disk ends the copy, because to continue would hide
 * it.
 */
export function classifyClone(errno: number): ErrorClass {
  return errno === E.EAGAIN ? 'retry' : classifyCopyfile(errno);
}

/**
 * Errors of `copy_file_range`. CIFS and NFS report EIO for files that read() can read, and EFBIG is reported for
 * positions that write() accepts: in both cases reading and writing is tried next.
 */
export function classifyKernelCopy(errno: number): ErrorClass {
  return errno === E.EIO || errno === E.EFBIG ? 'file' : classifyCopyfile(errno);
}

/**
 * Errors of `fcopyfile`. It reads and writes by itself, so a full or failing disk is a real error. If it refuses for
 * other reasons, read() and write() may still succeed.
 */
export function classifyCopyfile(errno: number): ErrorClass {
  if (errno === E.EINTR) return 'retry';
  return PAIR.has(errno) ? 'pair' : FILE.has(errno) ? 'file' : 'fatal';
}

/**
 * Errors of copies past the page cache. A filesystem may refuse this mode when it is switched on, or only at the
 * first transfer.
 */
export function classifyDirect(errno: number): ErrorClass {
  if (errno === E.EINTR) return 'retry';
  return errno === E.EINVAL || PAIR.has(errno) ? 'pair' : 'fatal';
}

/** Errors of read() and write() end the copy: no other strategy could do better. */
export function classifyReadWrite(errno: number): ErrorClass {
  return errno === E.EINTR ? 'retry' : 'fatal';
}
