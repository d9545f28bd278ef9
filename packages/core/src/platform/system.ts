import type { Method } from '../report.ts';
import type { FileStatus } from './status.ts';

/**
 * An open directory. `fd` is -1 where the platform addresses files by path; otherwise files are addressed by
 * handle and name, so that no path is resolved again for every file and none can be swapped underneath.
 */
export interface Directory {
  readonly path: string;
  readonly fd: number;
}

/** A negative error number, as system calls answer inside the kernel. */
export type Errno = number;

/** One file on its way: what a strategy may use, and nothing else. */
export interface Transfer {
  /** Open for reading, at offset 0. */
  readonly source: number;
  /** Open for writing, empty, at offset 0; -1 for a strategy that creates its destination. */
  readonly destination: number;
  readonly sourceDirectory: Directory;
  readonly sourceName: string;
  readonly destinationDirectory: Directory;
  readonly destinationName: string;
  readonly status: FileStatus;
  /** Told after each part how many bytes are in place. Throws when the copy was aborted. */
  readonly progress: (bytes: number) => void;
}

/**
 * What to do about an error number: give the strategy up for this pair of devices, for this file, try the
 * same again, or end the copy.
 */
export type ErrorClass = 'pair' | 'file' | 'retry' | 'fatal';

/** One way to move a file's bytes. It never unlinks, renames or changes attributes: the frame does. */
export interface Strategy {
  readonly method: Method;
  /** The system call an error is reported under. */
  readonly syscall: string;
  /** The strategy shares blocks and takes a consistent picture of the source, or fails. */
  readonly clones: boolean;
  /** The strategy makes its destination itself, under a name that must not exist. */
  readonly creates: boolean;
  /** Moves all bytes. Returns how many, or a negative error number. */
  run(transfer: Transfer): number | Errno;
  classify(errno: number): ErrorClass;
}

/** What orders the strategies for one file. */
export interface LadderQuery {
  readonly reflink: 'auto' | 'always' | 'never';
  readonly bypassCache: boolean;
  readonly size: number;
  /** Whether cloning was already found impossible between these devices. */
  readonly cannotClone: boolean;
}

/**
 * What the engine needs of an operating system. Every function returns a result of 0 or more, or a negative
 * error number; none throws.
 */
export interface System {
  readonly name: 'linux' | 'portable';
  /** Why the native lane is not in use. */
  readonly nativeError?: string | undefined;
  ladder(query: LadderQuery): readonly Strategy[];

  openDirectory(path: string): Directory | Errno;
  /** Opens a directory below another; a symbolic link is refused. */
  openChild(directory: Directory, name: string): Directory | Errno;
  closeDirectory(directory: Directory): void;
  makeDirectory(directory: Directory, name: string): number | Errno;

  openSource(directory: Directory, name: string, follow: boolean): number | Errno;
  /** Creates a file that must not exist, for writing. */
  create(directory: Directory, name: string, mode: number): number | Errno;
  /** Reopens a destination some strategy created, for its attributes. */
  openCreated(directory: Directory, name: string): number | Errno;
  close(fd: number): void;
  /** Puts a source back to offset 0. */
  rewind(fd: number): number | Errno;
  /** Empties the destination and puts both files back to offset 0, for the next strategy. */
  reset(source: number, destination: number): number | Errno;

  status(directory: Directory, name: string, follow: boolean, into: FileStatus): number | Errno;
  fileStatus(fd: number, into: FileStatus): number | Errno;
  /** Whether sizes are made up there, as in /proc and /sys. */
  isPseudo(directory: Directory): boolean;
  /** Whether files of one directory may lie on different disks below, as on overlayfs, FUSE, NFS and CIFS. */
  isLayered(directory: Directory): boolean;

  /** What offsets and lengths of direct I/O on this file have to be multiples of, where the kernel says so. */
  directAlignment(fd: number): number | Errno;

  setMode(fd: number, mode: number): number | Errno;
  setOwner(fd: number, status: FileStatus): number | Errno;
  setTimes(fd: number, status: FileStatus): number | Errno;
  /** Carries over extended attributes that `wanted` says yes to. */
  copyAttributes(source: number, destination: number, wanted: (name: string) => boolean): number | Errno;
  sync(fd: number): number | Errno;
  syncDirectory(directory: Directory): number | Errno;

  rename(directory: Directory, from: string, to: string): number | Errno;
  /** Renames unless `to` exists (`EEXIST`). */
  renameExclusive(directory: Directory, from: string, to: string): number | Errno;
  unlink(directory: Directory, name: string): number | Errno;
  readLink(directory: Directory, name: string): string | Errno;
  symlink(directory: Directory, name: string, target: string, status: FileStatus): number | Errno;
}
