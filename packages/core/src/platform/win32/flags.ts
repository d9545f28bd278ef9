import { constants as C } from './constants.ts';

/** Other processes may read, write and delete the open file. */
export const SHARE_ALL: number = C.FILE_SHARE_READ | C.FILE_SHARE_WRITE | C.FILE_SHARE_DELETE;
/** Flags to open an entry itself if it may be a link. */
export const NOT_FOLLOWED: number = C.FILE_FLAG_BACKUP_SEMANTICS | C.FILE_FLAG_OPEN_REPARSE_POINT;
export const READ_WRITE: number = (C.GENERIC_READ | C.GENERIC_WRITE) >>> 0;
/**
 * Access to a new file: ReFS requires DELETE for the destination of a clone, and reading is needed to set checksums.
 */
export const CREATE_ACCESS: number = (READ_WRITE | C.DELETE) >>> 0;
/** Other processes may read and delete a new file while it is written. */
export const CREATE_SHARE: number = C.FILE_SHARE_READ | C.FILE_SHARE_DELETE;
