import { constants as C } from './constants.ts';

/** Others may do with an open file what they like. */
export const SHARE_ALL: number = C.FILE_SHARE_READ | C.FILE_SHARE_WRITE | C.FILE_SHARE_DELETE;
/** How a file is opened itself, where it may be a link. */
export const NOT_FOLLOWED: number = C.FILE_FLAG_BACKUP_SEMANTICS | C.FILE_FLAG_OPEN_REPARSE_POINT;
export const READ_WRITE: number = (C.GENERIC_READ | C.GENERIC_WRITE) >>> 0;
/** DELETE as ReFS wants it of a destination it clones to; reading, to set checksums. */
export const CREATE_ACCESS: number = (READ_WRITE | C.DELETE) >>> 0;
/** How a new file is shared while it is written. */
export const CREATE_SHARE: number = C.FILE_SHARE_READ | C.FILE_SHARE_DELETE;
