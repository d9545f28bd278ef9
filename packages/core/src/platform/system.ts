import type { Method } from '../model/settings.ts';
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
  /** Called after each part how many bytes are in place. Throws when the copy was aborted. */
  readonly progress: (bytes: number) => void;
  /** Asked after each part: whether to answer {@link PAUSED}. Undefined: the thread may be held. */
  readonly isDue?: (() => boolean) | undefined;
  /** Bytes that were in place when the strategy paused; 0 before it begins. */
  moved: number;
}

/** Answer of a strategy that has more to do, and goes on where it stopped when it is run again. */
export const PAUSED: number = Number.NEGATIVE_INFINITY;

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
  /** The destination has the source's mode and times when the strategy is done. */
  readonly carries?: boolean;
  /** Moves all bytes. Returns how many, a negative error number, or {@link PAUSED}. */
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
  /** Access control lists are to be carried over: a strategy that can do it at once does. */
  readonly acl: boolean;
  /** The open source; undefined where no certain file is asked for. */
  readonly source?: number | undefined;
}

/** Extended attributes that are to be carried over. */
export interface ExtendedAttributes {
  /** All but access control lists. */
  readonly xattr: boolean;
  readonly acl: boolean;
}

/** How a system clones a directory with all that is in it: completely, or not at all. */
export interface DirectoryClone {
  readonly method: Method;
  /** The system call an error is reported under. */
  readonly syscall: string;
  /** Clones `name` as `as`, which must not exist; links are kept. */
  run(source: Directory, name: string, destination: Directory, as: string): number | Errno;
  classify(errno: number): ErrorClass;
}

/** FIFOs, devices and sockets. Their attributes are set by name; no link is followed. */
export interface SpecialFiles {
  /** Makes one like that of `status` under a name that must not exist. The process's umask applies to `mode`. */
  make(directory: Directory, name: string, status: FileStatus, mode: number): number | Errno;
  setMode(directory: Directory, name: string, mode: number): number | Errno;
  setOwner(directory: Directory, name: string, status: FileStatus): number | Errno;
  setTimes(directory: Directory, name: string, status: FileStatus): number | Errno;
}

/** What a filesystem says of itself. */
export interface Filesystem {
  /** Its name (`ext4`, `apfs`, `ReFS` …), or `type` in hexadecimal for an unknown one. */
  readonly name: string;
  /** Its number, as `statfs` answers; 0 where there is none. */
  readonly type: number;
  /** Bytes of the smallest part of the disk a file can occupy, and a clone can share. */
  readonly blockSize: number;
  /** Whether it says that it can clone; undefined where filesystems do not say. */
  readonly clones?: boolean | undefined;
  /** Windows: the volume is a Dev Drive. */
  readonly devDrive?: boolean | undefined;
}

/** The methods of a system by what they do; what it does not have is undefined. */
export interface SystemMethods {
  readonly clone: Method | undefined;
  /** Copies inside the kernel. */
  readonly kernel: Method | undefined;
  /** Copies past the page cache. */
  readonly direct: Method | undefined;
}

/** A device that a source may be on, whichever it is. */
export const ANY_DEVICE = -1;

/** Answers of {@link CopyNewFile}. */
export const NOT_COPIED = 0;
export const CLONED_NEW = 1;
export const COPIED_NEW = 2;

/** What a new file gets besides the bytes, the permissions and the times of its source. */
export interface NewFileOptions {
  /** What cannot be cloned is not copied. */
  readonly clonesOnly: boolean;
  readonly ownership: boolean;
  /** setuid, setgid and the sticky bit; only together with `ownership`. */
  readonly special: boolean;
  readonly extended: ExtendedAttributes | undefined;
  /** Asked about a source with several names: whether there is a copy under another name, to be linked to. */
  readonly hasCopy: ((source: FileStatus) => boolean) | undefined;
}

/**
 * The fast path: copies a plain file of at most `limit` bytes that nothing can be in the way of, with its mode and
 * times, by a clone if `mayClone`, else through a buffer. `device` is the one that the source has to be on, or
 * {@link ANY_DEVICE}. Leaves both files' status in `source` and `destination`. Answers {@link CLONED_NEW},
 * {@link COPIED_NEW}, or {@link NOT_COPIED} after deleting whatever it made: then {@link Transferrer} copies the file or
 * reports the error.
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

/**
 * What the engine needs of an operating system. Every function returns a result of 0 or more, or a negative
 * error number; none throws but `filesystem`. What a signal interrupts, they do again.
 */
export interface System {
  readonly name: 'linux' | 'darwin' | 'win32' | 'portable';
  /** Why the native lane is not in use. */
  readonly nativeError?: string | undefined;
  readonly methods: SystemMethods;
  /** Whether extended attributes can be carried over. */
  readonly hasExtendedAttributes: boolean;
  ladder(query: LadderQuery): readonly Strategy[];
  /** Whether what copies large dense files that cannot be cloned pauses: see {@link PAUSED}. */
  readonly pauses?: boolean;
  readonly cloneDirectory?: DirectoryClone;
  /** Where the platform has a fast path. */
  readonly copyNewFile?: CopyNewFile | undefined;
  /** Whether that does what {@link NewFileOptions} ask for. */
  readonly hasNewFileOptions?: boolean;

  openDirectory(path: string): Directory | Errno;
  /** Opens a directory below another; a symbolic link is refused. */
  openChild(directory: Directory, name: string): Directory | Errno;
  closeDirectory(directory: Directory): void;
  /** The process's umask applies to `mode`, which means nothing on Windows. */
  makeDirectory(directory: Directory, name: string, mode: number): number | Errno;
  /** Opens the directory itself, to look at its attributes and to set them as those of a file. */
  openForAttributes(directory: Directory): number | Errno;

  openSource(directory: Directory, name: string, follow: boolean): number | Errno;
  /** Creates a file that must not exist, for writing. */
  create(directory: Directory, name: string, mode: number): number | Errno;
  /** Reopens a destination some strategy created, for its attributes. */
  openCreated(directory: Directory, name: string): number | Errno;
  /** Opens a file that exists, for writing; a link is refused. Where files are replaced whatever they are, there is none. */
  openExisting?(directory: Directory, name: string): number | Errno;
  /** Reads bytes from a position, at most as many as `into` holds, and moves the file's own. Returns how many. */
  read(fd: number, into: Uint8Array, position: number): number | Errno;
  /** Writes bytes at the file's position. Returns how many. */
  write(fd: number, bytes: Uint8Array): number | Errno;
  close(fd: number): void;
  /** Puts a source back to offset 0. */
  rewind(fd: number): number | Errno;
  /** Empties the destination and puts both files back to offset 0, for the next strategy. */
  reset(source: number, destination: number): number | Errno;

  status(directory: Directory, name: string, follow: boolean, into: FileStatus): number | Errno;
  fileStatus(fd: number, into: FileStatus): number | Errno;
  /** Cheaper than `status` without following, where there is one: leaves out what tells one file from another. */
  quickStatus?(directory: Directory, name: string, into: FileStatus): number | Errno;
  /** Whether a new file has reached the disk: to clone one that has not waits for that. Undefined where nothing tells. */
  isWrittenOut?(directory: Directory, name: string): boolean;
  /** Whether sizes are made up there, as in /proc and /sys. */
  isPseudo(directory: Directory): boolean;
  /** Whether files of one directory may lie on different disks below, as on overlayfs, FUSE, NFS and CIFS. */
  isLayered(directory: Directory): boolean;
  /** The filesystem a directory is on. Throws what `node:fs` throws when it cannot be asked. */
  filesystem(directory: string): Filesystem;

  /** What offsets and lengths of direct I/O on this file have to be multiples of, where the kernel says so. */
  directAlignment(fd: number): number | Errno;

  setMode(fd: number, mode: number): number | Errno;
  setOwner(fd: number, status: FileStatus): number | Errno;
  setTimes(fd: number, status: FileStatus): number | Errno;
  /** `lost` is called with which of them the destination cannot hold. */
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
  /** Gives the file at an absolute path one more name. No link is followed. Any negative number: it cannot be done. */
  link(file: string, directory: Directory, name: string): number | Errno;
  symlink(directory: Directory, name: string, target: Buffer, status: FileStatus): number | Errno;
  /** Gives a link an owner; what it leads to keeps its own. Undefined where links have none. */
  setLinkOwner?(directory: Directory, name: string, status: FileStatus): number | Errno;
  /** Where the platform makes them. */
  readonly specialFiles?: SpecialFiles;
}
