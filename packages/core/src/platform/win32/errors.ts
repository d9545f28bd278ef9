import * as E from '../errno.ts';
import type { ErrorClass } from '../system.ts';
import { constants as C } from './constants.ts';

/**
 * Windows errors as libuv translates them, so that codes are those Node.js users know, and a few that libuv
 * knows no number for.
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
  // To libuv the first is EISDIR, which is what reading a directory comes to; no directory is read here.
  [C.ERROR_INVALID_FUNCTION, E.ENOTSUP],
  [C.ERROR_NOT_SUPPORTED, E.ENOTSUP],
  [C.ERROR_CALL_NOT_IMPLEMENTED, E.ENOSYS],
  [C.ERROR_SEM_TIMEOUT, E.ETIMEDOUT],
  [C.ERROR_WRITE_PROTECT, E.EROFS],
  [C.ERROR_NOT_SAME_DEVICE, E.EXDEV],
]);

/** The error number, positive, that Node.js would give for a Windows error. */
export const toErrno = (code: number): number => ERRNOS.get(code) ?? E.EUNKNOWN;

/** `FSCTL_DUPLICATE_EXTENTS_TO_FILE`: another filesystem, or another volume. */
const PAIR = new Set([E.ENOTSUP, E.ENOSYS, E.EXDEV]);
/** This file cannot be cloned, others may: its blocks have 8175 owners already, or the filter of some driver. */
const FILE = new Set([E.EINVAL, E.EMLINK, E.EPERM, E.EACCES]);

export function classifyClone(errno: number): ErrorClass {
  if (errno === E.EBUSY) return 'retry';
  return PAIR.has(errno) ? 'pair' : FILE.has(errno) ? 'file' : 'fatal';
}

/** CopyFileExW opens both files by name, which reading and writing through handles that are open can do without. */
const BY_NAME_ONLY = new Set([...PAIR, ...FILE, E.ENOENT]);

export function classifyCopy(errno: number): ErrorClass {
  if (errno === E.EBUSY) return 'retry';
  return BY_NAME_ONLY.has(errno) ? 'file' : 'fatal';
}

/** The last lane, whose errors are the truth. Part of a file may be locked for a moment. */
export function classifyReadWrite(errno: number): ErrorClass {
  return errno === E.EBUSY ? 'retry' : 'fatal';
}
