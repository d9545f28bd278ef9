import * as E from '../errno.ts';
import type { ErrorClass } from '../system.ts';

/**
 * Windows errors by their names in <winerror.h>: the number of each, and the error number that it becomes. They become
 * what libuv makes of them, so that users get the codes they know from Node.js; a few of them libuv does not know. A
 * test compiles the numbers against the real header.
 */
export const WINDOWS_ERRORS = {
  ERROR_FILE_NOT_FOUND: [2, E.ENOENT],
  ERROR_PATH_NOT_FOUND: [3, E.ENOENT],
  ERROR_INVALID_DRIVE: [15, E.ENOENT],
  ERROR_INVALID_NAME: [123, E.ENOENT],
  ERROR_BAD_PATHNAME: [161, E.ENOENT],
  ERROR_DIRECTORY: [267, E.ENOENT],
  ERROR_ACCESS_DENIED: [5, E.EPERM],
  ERROR_PRIVILEGE_NOT_HELD: [1314, E.EPERM],
  ERROR_NOACCESS: [998, E.EACCES],
  ERROR_CANT_ACCESS_FILE: [1920, E.EACCES],
  ERROR_INVALID_HANDLE: [6, E.EBADF],
  ERROR_SHARING_VIOLATION: [32, E.EBUSY],
  ERROR_LOCK_VIOLATION: [33, E.EBUSY],
  ERROR_USER_MAPPED_FILE: [1224, E.EBUSY],
  ERROR_OPERATION_ABORTED: [995, E.ECANCELED],
  ERROR_REQUEST_ABORTED: [1235, E.ECANCELED],
  ERROR_FILE_EXISTS: [80, E.EEXIST],
  ERROR_ALREADY_EXISTS: [183, E.EEXIST],
  ERROR_INVALID_PARAMETER: [87, E.EINVAL],
  ERROR_INVALID_DATA: [13, E.EINVAL],
  ERROR_INSUFFICIENT_BUFFER: [122, E.EINVAL],
  ERROR_SYMLINK_NOT_SUPPORTED: [1464, E.EINVAL],
  ERROR_NOT_A_REPARSE_POINT: [4390, E.EINVAL],
  ERROR_CRC: [23, E.EIO],
  ERROR_GEN_FAILURE: [31, E.EIO],
  ERROR_OPEN_FAILED: [110, E.EIO],
  ERROR_IO_DEVICE: [1117, E.EIO],
  ERROR_DISK_CORRUPT: [1393, E.EIO],
  ERROR_CANT_RESOLVE_FILENAME: [1921, E.ELOOP],
  ERROR_TOO_MANY_OPEN_FILES: [4, E.EMFILE],
  ERROR_BLOCK_TOO_MANY_REFERENCES: [347, E.EMLINK],
  ERROR_FILENAME_EXCED_RANGE: [206, E.ENAMETOOLONG],
  ERROR_NOT_ENOUGH_MEMORY: [8, E.ENOMEM],
  ERROR_OUTOFMEMORY: [14, E.ENOMEM],
  ERROR_NO_SYSTEM_RESOURCES: [1450, E.ENOMEM],
  ERROR_CANNOT_MAKE: [82, E.ENOSPC],
  ERROR_DISK_FULL: [112, E.ENOSPC],
  ERROR_HANDLE_DISK_FULL: [39, E.ENOSPC],
  ERROR_DIR_NOT_EMPTY: [145, E.ENOTEMPTY],
  // libuv translates ERROR_INVALID_FUNCTION to EISDIR, the error of reading a directory; no directory is read here.
  ERROR_INVALID_FUNCTION: [1, E.ENOTSUP],
  ERROR_NOT_SUPPORTED: [50, E.ENOTSUP],
  ERROR_CALL_NOT_IMPLEMENTED: [120, E.ENOSYS],
  ERROR_SEM_TIMEOUT: [121, E.ETIMEDOUT],
  ERROR_WRITE_PROTECT: [19, E.EROFS],
  ERROR_NOT_SAME_DEVICE: [17, E.EXDEV],
} satisfies Record<string, readonly [code: number, errno: number]>;

const ERRNOS = new Map<number, number>(Object.values(WINDOWS_ERRORS) as [number, number][]);

/** Success: the output was too small for all data. */
export const ERROR_MORE_DATA = 234;

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
