import type { Method } from '../model/settings.ts';
import type { FileStatus } from './status.ts';

/**
 * An open directory. Files in it are addressed by `fd` and name, so that no path is resolved for each file and no
 * directory can be swapped meanwhile. `fd` is -1 if the platform addresses files by path.
 */
export interface Directory {
  readonly path: string;
  readonly fd: number;
}

/** A negative error number, as a system call returns it inside the kernel. */
export type Errno = number;

/** A file that is being copied: everything that a strategy may use. */
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
  /** Call this after each part with the number of bytes copied so far. Throws if the copy was aborted. */
  readonly progress: (bytes: number) => void;
  /**
   * Call this after each part. If it returns true, return {@link PAUSED}. If undefined, the strategy need not pause.
   */
  readonly isDue?: (() => boolean) | undefined;
  /** Bytes that were copied before the last pause; 0 at the start. */
  moved: number;
}

/** Result of a strategy that is not finished. When it is run again, it continues where it stopped. */
export const PAUSED: number = Number.NEGATIVE_INFINITY;

/**
 * What an error number means for a strategy: it cannot work between these two devices (`pair`), it cannot copy this
 * file (`file`), try it again (`retry`), or the copy of the file fails (`fatal`).
 */
export type ErrorClass = 'pair' | 'file' | 'retry' | 'fatal';

/**
 * One way to copy a file's bytes. {@link Transferrer} does the rest: it renames, sets attributes and deletes the
 * destination of a failed copy.
 */
export interface Strategy {
  readonly method: Method;
  /** The system call an error is reported under. */
  readonly syscall: string;
  /** The strategy shares blocks: the copy is a consistent snapshot of the source, or the strategy fails. */
  readonly clones?: boolean;
  /** The strategy creates its destination itself, under a name that must not exist. */
  readonly creates?: boolean;
  /** When the strategy is done, the destination has the source's mode and times. */
  readonly setsAttributes?: boolean;
  /** Copies all bytes. Returns their number, a negative error number, or {@link PAUSED}. */
  run(transfer: Transfer): number | Errno;
  classify(errno: number): ErrorClass;
}

/** What the order of the strategies for a file depends on. */
export interface LadderQuery {
  readonly reflink: 'auto' | 'always' | 'never';
  readonly bypassCache: boolean;
  readonly size: number;
  /** Whether cloning was already found impossible between these devices. */
  readonly cannotClone: boolean;
  /** Access control lists are to be preserved: a strategy that can copy them along with the bytes does so. */
  readonly acl: boolean;
  /** The open source; undefined if the query is not about a certain file. */
  readonly source?: number | undefined;
}

/** The kinds of extended attributes to preserve. */
export interface ExtendedAttributes {
  /** All but access control lists. */
  readonly xattr: boolean;
  readonly acl: boolean;
}

/** A system call that clones a directory with everything in it, completely or not at all. */
export interface DirectoryClone extends Pick<Strategy, 'method' | 'syscall' | 'classify'> {
  /** Clones `name` as `as`, which must not exist. Symbolic links are copied as links. */
  run(source: Directory, name: string, destination: Directory, as: string): number | Errno;
}

/** The calls for FIFOs, devices and sockets. They address files by name and follow no link. */
export interface SpecialFiles {
  /**
   * Creates a special file of the kind that `status` has. `name` must not exist. The process's umask applies to
   * `mode`.
   */
  make(directory: Directory, name: string, status: FileStatus, mode: number): number | Errno;
  setMode(directory: Directory, name: string, mode: number): number | Errno;
  setOwner(directory: Directory, name: string, status: FileStatus): number | Errno;
  setTimes(directory: Directory, name: string, status: FileStatus): number | Errno;
}

/** What is known about a filesystem. */
export interface Filesystem {
  /** Its name (`ext4`, `apfs`, `ReFS` …), or `type` in hexadecimal for an unknown one. */
  readonly name: string;
  /** Its number, as `statfs` reports it; 0 if the platform has none. */
  readonly type: number;
  /** Bytes of a block: the unit in which files occupy space and clones share it. */
  readonly blockSize: number;
  /** Whether the filesystem reports that it can clone; undefined if the platform has no such report. */
  readonly clones?: boolean | undefined;
  /** Windows: the volume is a Dev Drive. */
  readonly devDrive?: boolean | undefined;
}

/** The methods of a system by what they do; undefined if the system has none. */
export interface SystemMethods {
  readonly clone: Method | undefined;
  /** Copies inside the kernel. */
  readonly kernel: Method | undefined;
  /** Copies past the page cache. */
  readonly direct: Method | undefined;
}

/** Used as a device number: the source may be on any device. */
export const ANY_DEVICE = -1;

/** Results of {@link CopyNewFile}. */
export const NOT_COPIED = 0;
export const CLONED_NEW = 1;
export const COPIED_NEW = 2;

/** Options of {@link CopyNewFile}: what a new file gets besides bytes, permissions and times. */
export interface NewFileOptions {
  /** A file that cannot be cloned is not copied. */
  readonly clonesOnly: boolean;
  readonly ownership: boolean;
  /** setuid, setgid and the sticky bit; only together with `ownership`. */
  readonly special: boolean;
  readonly extended: ExtendedAttributes | undefined;
  /**
   * Called for a source with several hard links. Returns true if the file is to be linked to a copy of another of its
   * names: then the fast path does not copy it.
   */
  readonly hasCopy: ((source: FileStatus) => boolean) | undefined;
}

/**
 * The fast path. Copies a regular file of at most `limit` bytes, with its mode and times, to a name that must not
 * exist: by a clone if `mayClone`, else through a buffer. The source has to be on `device`, unless that is
 * {@link ANY_DEVICE}. Stores the status of both files in `source` and `destination`. Returns {@link CLONED_NEW} or
 * {@link COPIED_NEW}. If anything is unexpected, deletes the file it created and returns {@link NOT_COPIED}: then
 * {@link Transferrer} copies the file or reports the error.
 */
export type CopyNewFile = (
  from: Directory,
  name: string,
  to: Directory,
  as: string,
  limit: number,
  device: number,
  mayClone: boolean,
  options: NewFileOptions,
  source: FileStatus,
  destination: FileStatus,
) => typeof NOT_COPIED | typeof CLONED_NEW | typeof COPIED_NEW;

/** What the system of a dry run knows of the changes that a copy would make. */
export interface ExpectedChanges {
  /** Notes a new file, link or special file. */
  create(directory: Directory, name: string): void;
  /** Notes a directory and its missing parents, to which `source` is copied. Returns how many are new. */
  makeRoot(directory: string, source: string): number;
  /** Whether the copy would have deleted what is at a path, or its directory is new and has no such entry. */
  isDeleted(file: string): boolean;
  /** The system of the same dry run on top of another one. */
  over(system: System): System;
}

/**
 * What the engine needs from an operating system. Every function returns a result of 0 or more, or a negative error
 * number; only `filesystem`, `isPseudo` and `isLayered` may throw. A call that a signal interrupts is repeated
 * inside.
 */
export interface System {
  readonly name: 'linux' | 'darwin' | 'win32' | 'portable';
  /** Why the native system calls are not used. */
  readonly nativeError?: string | undefined;
  readonly methods: SystemMethods;
  /** Present in a dry run: nothing is written, only noted. */
  readonly expected?: ExpectedChanges;
  /** Whether extended attributes can be copied. */
  readonly hasExtendedAttributes: boolean;
  ladder(query: LadderQuery): readonly Strategy[];
  /** Whether the strategy for large dense files that cannot be cloned can pause (see {@link PAUSED}). */
  readonly pauses?: boolean;
  readonly cloneDirectory?: DirectoryClone;
  /** The fast path; undefined if the platform has none. */
  readonly copyNewFile?: CopyNewFile | undefined;
  /** Whether `copyNewFile` supports {@link NewFileOptions}. If not, it copies only with default options. */
  readonly hasNewFileOptions?: boolean;

  openDirectory(path: string): Directory | Errno;
  /** Opens a directory in another one; a symbolic link is refused. */
  openChild(directory: Directory, name: string): Directory | Errno;
  closeDirectory(directory: Directory): void;
  /** The process's umask applies to `mode`. Windows ignores `mode`. */
  makeDirectory(directory: Directory, name: string, mode: number): number | Errno;
  /** Opens the directory itself, so that its attributes can be read and set like those of a file. */
  openForAttributes(directory: Directory): number | Errno;

  openSource(directory: Directory, name: string, follow: boolean): number | Errno;
  /** Creates a file that must not exist, for writing. */
  create(directory: Directory, name: string, mode: number): number | Errno;
  /** Opens a destination that a strategy created, to set its attributes. */
  openCreated(directory: Directory, name: string): number | Errno;
  /**
   * Opens a file that exists, for writing; a link is refused. Undefined if every file can be replaced by a rename
   * (macOS, Windows).
   */
  openExisting?(directory: Directory, name: string): number | Errno;
  /**
   * Reads at most `into.length` bytes from a position. May move the file's own position. Returns the number of bytes.
   */
  read(fd: number, into: Uint8Array, position: number): number | Errno;
  /** Writes bytes at the file's own position. Returns the number of bytes written. */
  write(fd: number, bytes: Uint8Array): number | Errno;
  /**
   * Closes a file. A network filesystem, or one in user space, may report only now that it could not write the bytes.
   */
  close(fd: number): number | Errno;
  /** Sets the position of a source to 0. */
  rewind(fd: number): number | Errno;
  /** Truncates the destination to 0 bytes and sets both files' positions to 0, for the next strategy. */
  reset(source: number, destination: number): number | Errno;

  status(directory: Directory, name: string, follow: boolean, into: FileStatus): number | Errno;
  fileStatus(fd: number, into: FileStatus): number | Errno;
  /**
   * Cheaper than `status` without `follow`: does not fill in the device, the inode number and the change time.
   * Undefined if the platform has no such call.
   */
  quickStatus?(directory: Directory, name: string, into: FileStatus): number | Errno;
  /**
   * Whether all data of a new file is on the disk. If not, a clone would wait until it is. Undefined if the platform
   * cannot tell.
   */
  isWrittenOut?(directory: Directory, name: string): boolean;
  /** Whether the filesystem reports sizes that files do not have, as in /proc and /sys. */
  isPseudo(directory: Directory): boolean;
  /** Whether files in one directory may be on different disks below, as on overlayfs, FUSE, NFS and CIFS. */
  isLayered(directory: Directory): boolean;
  /** The filesystem that a directory is on. Throws the error of `node:fs` if it cannot be queried. */
  filesystem(directory: string): Filesystem;

  /** The alignment in bytes that direct I/O on this file needs for offsets and lengths, if the kernel reports it. */
  directAlignment(fd: number): number | Errno;

  setMode(fd: number, mode: number): number | Errno;
  setOwner(fd: number, status: FileStatus): number | Errno;
  setTimes(fd: number, status: FileStatus): number | Errno;
  /** Calls `lost` for each kind of attribute that the destination cannot hold. */
  copyAttributes(
    source: number,
    destination: number,
    wanted: ExtendedAttributes,
    lost: (attribute: 'xattr' | 'acl', errno: number) => void,
  ): number | Errno;
  sync(fd: number): number | Errno;
  syncDirectory(directory: Directory): number | Errno;

  rename(directory: Directory, from: string, to: string): number | Errno;
  /** Renames unless `to` exists (`EEXIST`). */
  renameExclusive(directory: Directory, from: string, to: string): number | Errno;
  /** Deletes a file or a link, never a directory. */
  unlink(directory: Directory, name: string): number | Errno;
  /** Deletes an empty directory; a symbolic link is refused. */
  removeDirectory(directory: Directory, name: string): number | Errno;
  /** The bytes of a link's target, which need not be UTF-8. */
  readLink(directory: Directory, name: string): Buffer | Errno;
  /**
   * Creates a hard link to the file at an absolute path. Follows no symbolic link. Returns a negative number if that
   * is not possible.
   */
  link(file: string, directory: Directory, name: string): number | Errno;
  symlink(directory: Directory, name: string, target: Buffer, status: FileStatus): number | Errno;
  /**
   * Sets the owner of a symbolic link itself, not of its target. Undefined if links have no owner on this platform.
   */
  setLinkOwner?(directory: Directory, name: string, status: FileStatus): number | Errno;
  /** Undefined if the platform cannot create special files. */
  readonly specialFiles?: SpecialFiles;
}
