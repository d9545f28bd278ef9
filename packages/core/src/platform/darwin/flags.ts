import { constants as C } from './constants.ts';

/** How a source is opened. O_NONBLOCK: opening a FIFO that took a file's place must not hang. */
export const SOURCE_FLAGS: number = C.O_RDONLY | C.O_CLOEXEC | C.O_NONBLOCK | C.O_NOCTTY;
/** How a destination that must not exist is made. */
export const CREATE_FLAGS: number = C.O_WRONLY | C.O_CREAT | C.O_EXCL | C.O_NOFOLLOW | C.O_CLOEXEC;
