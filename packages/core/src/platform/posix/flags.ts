/** What files are opened with, by its C names. */
export interface OpenConstants {
  readonly O_RDONLY: number;
  readonly O_WRONLY: number;
  readonly O_CREAT: number;
  readonly O_EXCL: number;
  readonly O_NOFOLLOW: number;
  readonly O_NONBLOCK: number;
  readonly O_NOCTTY: number;
  readonly O_CLOEXEC: number;
}

/** How a source is opened. O_NONBLOCK: opening a FIFO that took a file's place must not hang. */
export const sourceFlags = (C: OpenConstants): number => C.O_RDONLY | C.O_CLOEXEC | C.O_NONBLOCK | C.O_NOCTTY;

/** How a destination that must not exist is made. */
export const createFlags = (C: OpenConstants): number =>
  C.O_WRONLY | C.O_CREAT | C.O_EXCL | C.O_NOFOLLOW | C.O_CLOEXEC;
