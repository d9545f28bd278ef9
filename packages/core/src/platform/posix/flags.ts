/** The flags to open files, by their names in C. */
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

/** Flags to open a source. O_NONBLOCK: opening must not hang if a FIFO has replaced the file. */
export const sourceFlags = (C: OpenConstants): number => C.O_RDONLY | C.O_CLOEXEC | C.O_NONBLOCK | C.O_NOCTTY;

/** Flags to create a destination that must not exist. */
export const createFlags = (C: OpenConstants): number =>
  C.O_WRONLY | C.O_CREAT | C.O_EXCL | C.O_NOFOLLOW | C.O_CLOEXEC;
