import * as E from '../errno.ts';
import type { ErrorClass } from '../system.ts';
import { constants as C } from './constants.ts';

/**
 * Windows errors, translated as libuv does, so that users get the codes they know from Node.js; and a few errors that
 * libuv does not translate.
 */
const ERRNOS = new Map<number, number>([
  [C.ERROR_FILE_NOT_FOUND, E.ENOENT],
  [C.ERROR_PATH_NOT_FOUND, E.ENOENT],
  [C.ERROR_INVALID_DRIVE, E.ENOENT],
  [C.ERROR_INVALID_NAME, E.ENOENT],
  [C.ERROR_BAD_PATHNAME, E.ENOENT],
  [C.ERROR_DIRECTORY, E.ENOENT],
  [C.ERROR_ACCESS_DENIED, E.EPERM],
  [C.ERROR_PRIVILEGE_NOT_HELD, E.EPERM],
  [C.ERROR_NOACCESS, E.EACCES],
  [C.ERROR_CANT_ACCESS_FILE, E.EACCES],
  [C.ERROR_INVALID_HANDLE, E.EBADF],
  [C.ERROR_SHARING_VIOLATION, E.EBUSY],
  [C.ERROR_LOCK_VIOLATION, E.EBUSY],
  [C.ERROR_USER_MAPPED_FILE, E.EBUSY],
  [C.ERROR_OPERATION_ABORTED, E.ECANCELED],
  [C.ERROR_REQUEST_ABORTED, E.ECANCELED],
  [C.ERROR_FILE_EXISTS, E.EEXIST],
  [C.ERROR_ALREADY_EXISTS, E.EEXIST],
  [C.ERROR_INVALID_PARAMETER, E.EINVAL],
  [C.ERROR_INVALID_DATA, E.EINVAL],
  [C.ERROR_INSUFFICIENT_BUFFER, E.EINVAL],
  [C.ERROR_SYMLINK_NOT_SUPPORTED, E.EINVAL],
  [C.ERROR_NOT_A_REPARSE_POINT, E.EINVAL],
  [C.ERROR_CRC, E.EIO],
  [C.ERROR_GEN_FAILURE, E.EIO],
  [C.ERROR_OPEN_FAILED, E.EIO],
  [C.ERROR_IO_DEVICE, E.EIO],
  [C.ERROR_DISK_CORRUPT, E.EIO],
  [C.ERROR_CANT_RESOLVE_FILENAME, E.ELOOP],
  [C.ERROR_TOO_MANY_OPEN_FILES, E.EMFILE],
  [C.ERROR_BLOCK_TOO_MANY_REFERENCES, E.EMLINK],
  [C.ERROR_FILENAME_EXCED_RANGE, E.ENAMETOOLONG],
  [C.ERROR_NOT_ENOUGH_MEMORY, E.ENOMEM],
  [C.ERROR_OUTOFMEMORY, E.ENOMEM],
  [C.ERROR_NO_SYSTEM_RESOURCES, E.ENOMEM],
  [C.ERROR_CANNOT_MAKE, E.ENOSPC],
  [C.ERROR_DISK_FULL, E.ENOSPC],
  [C.ERROR_HANDLE_DISK_FULL, E.ENOSPC],
  [C.ERROR_DIR_NOT_EMPTY, E.ENOTEMPTY],
  // libuv translates ERROR_INVALID_FUNCTION to EISDIR, the error of reading a directory; no directory is read here.
  [C.ERROR_INVALID_FUNCTION, E.ENOTSUP],
  [C.ERROR_NOT_SUPPORTED, E.ENOTSUP],
  [C.ERROR_CALL_NOT_IMPLEMENTED, E.ENOSYS],
  [C.ERROR_SEM_TIMEOUT, E.ETIMEDOUT],
  [C.ERROR_WRITE_PROTECT, E.EROFS],
  [C.ERROR_NOT_SAME_DEVICE, E.EXDEV],
]);

/** The error number, positive, that Node.js would give for a Windows error. */
export const toErrno = (code: number): number => ERRNOS.get(code) ?? E.EUNKNOWN;

/** Errors of `FSCTL_DUPLICATE_EXTENTS_TO_FILE` that mean: another filesystem, or another volume. */
const PAIR = new Set([E.ENOTSUP, E.ENOSYS, E.EXDEV]);
/**
 * Errors that mean: this file cannot be cloned, but others may. Its blocks already have 8175 owners, or a filter
 * driver refuses.
 */
const FILE = new Set([E.EINVAL, E.EMLINK, E.EPERM, E.EACCES]);

export function classifyClone(errno: number): ErrorClass {
  if (errno === E.EBUSY) return 'retry';
  return PAIR.has(errno) ? 'pair' : FILE.has(errno) ? 'file' : 'fatal';
}

/**
 * Errors of CopyFileExW, which opens both files by name. Reading and writing uses open handles, so it may still
 * succeed.
 */
const BY_NAME_ONLY = new Set([...PAIR, ...FILE, E.ENOENT]);

export function classifyCopy(errno: number): ErrorClass {
  if (errno === E.EBUSY) return 'retry';
  return BY_NAME_ONLY.has(errno) ? 'file' : 'fatal';
}

/**
 * Errors of reading and writing end the copy, because no other strategy could do better. EBUSY: a part of a file may
 * be locked for a moment.
 */
export function classifyReadWrite(errno: number): ErrorClass {
  return errno === E.EBUSY ? 'retry' : 'fatal';
}
