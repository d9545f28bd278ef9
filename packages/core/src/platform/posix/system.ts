import { childPath, opened } from '../paths.ts';
import { inC, terminated } from '../raw-names.ts';
import { renameExclusively } from '../rename-exclusive.ts';
import type { FileStatus } from '../status.ts';
import type { SpecialFiles, System } from '../system.ts';
import type { PosixBindings } from './bindings.ts';
import { copyNewFile, type NewFileCalls } from './new-file.ts';
import { alignedBuffer } from './read-write.ts';

const LINK_BYTES = 4096;

type Open =
  | 'RDONLY'
  | 'WRONLY'
  | 'CREAT'
  | 'EXCL'
  | 'DIRECTORY'
  | 'NOFOLLOW'
  | 'NONBLOCK'
  | 'NOCTTY'
  | 'CLOEXEC';
type At = 'FDCWD' | 'SYMLINK_NOFOLLOW' | 'REMOVEDIR';
/** Constants of a system, by their names in C. */
type Constants = Readonly<Record<`O_${Open}` | `AT_${At}` | 'SEEK_SET', number>>;

/** The differences between Linux and macOS in {@link posixSystem}. */
interface Settings
  extends Pick<NewFileCalls, 'fstat' | 'copyAttributes' | 'cloneInto' | 'cloneAs' | 'cloneFrom'> {
  constants: Constants;
  /** Flags to open a directory whose entries are addressed. */
  directoryFlags: number;
  /** The status of a name. */
  fstatat(directory: number, name: string, flags: number, into: FileStatus): number;
  /** Renames in one call that fails if `to` exists. */
  renameNew(directory: number, from: string, to: string): number;
}

/** The part of a {@link System} that Linux and macOS do by the same calls. */
export function posixSystem(calls: PosixBindings, settings: Settings) {
  const { constants: C, directoryFlags, fstat, fstatat, copyAttributes, renameNew } = settings;
  // O_NONBLOCK: opening must not hang if a FIFO has replaced the file.
  const reading = C.O_RDONLY | C.O_CLOEXEC | C.O_NONBLOCK | C.O_NOCTTY;
  const creating = C.O_WRONLY | C.O_CREAT | C.O_EXCL | C.O_NOFOLLOW | C.O_CLOEXEC;
  const times = new Uint32Array(8);
  const system = {
    copyNewFile: copyNewFile({
      ...calls,
      ...settings,
      sourceFlags: reading | C.O_NOFOLLOW,
      createFlags: creating,
      lstatat: (directory, name, into) => fstatat(directory, name, C.AT_SYMLINK_NOFOLLOW, into),
    }),
    hasExtendedAttributes: true,

    openDirectory(path) {
      const fd = calls.openat(C.AT_FDCWD, inC(path), directoryFlags, 0);
      return fd < 0 ? fd : opened(fd, path);
    },
    openChild(directory, name) {
      const fd = calls.openat(directory.fd, inC(name), directoryFlags | C.O_NOFOLLOW, 0);
      return fd < 0 ? fd : opened(fd, childPath(directory, name));
    },
    closeDirectory: (directory) => void calls.close(directory.fd),
    makeDirectory: (directory, name, mode) => calls.mkdirat(directory.fd, inC(name), mode),
    openForAttributes: (directory) =>
      calls.openat(directory.fd, '.', C.O_RDONLY | C.O_DIRECTORY | C.O_CLOEXEC, 0),

    openSource: (directory, name, follow) =>
      calls.openat(directory.fd, inC(name), follow ? reading : reading | C.O_NOFOLLOW, 0),
    create: (directory, name, mode) => calls.openat(directory.fd, inC(name), creating, mode),
    openCreated: (directory, name) =>
      calls.openat(directory.fd, inC(name), C.O_RDONLY | C.O_NOFOLLOW | C.O_CLOEXEC, 0),
    // Reads through the aligned buffer, so that this works on a file that is open for direct I/O too.
    read(fd, into, position) {
      const sought = calls.lseek(fd, position, C.SEEK_SET);
      if (sought < 0) return sought;
      const buffer = alignedBuffer();
      const got = calls.read(fd, buffer, Math.min(into.length, buffer.length));
      if (got > 0) into.set(buffer.subarray(0, got));
      return got;
    },
    write: (fd, bytes) => calls.write(fd, bytes, bytes.length),
    close: (fd) => calls.close(fd),
    rewind: (fd) => calls.lseek(fd, 0, C.SEEK_SET),
    reset(source, destination) {
      const truncated = calls.ftruncate(destination, 0);
      if (truncated < 0) return truncated;
      const rewound = calls.lseek(destination, 0, C.SEEK_SET);
      return rewound < 0 ? rewound : calls.lseek(source, 0, C.SEEK_SET);
    },

    status: (directory, name, follow, into) =>
      fstatat(directory.fd, inC(name), follow ? 0 : C.AT_SYMLINK_NOFOLLOW, into),
    fileStatus: fstat,

    setMode: (fd, mode) => calls.fchmod(fd, mode),
    setOwner: (fd, status) => calls.fchown(fd, status.uid, status.gid),
    setTimes: (fd, status) => calls.futimens(fd, status.writeTimes(times)),
    copyAttributes,

    rename: (directory, from, to) => calls.renameat(directory.fd, inC(from), directory.fd, inC(to)),
    renameExclusive: (directory, from, to): number =>
      renameExclusively(system, directory, from, to, {
        exclusively: () => renameNew(directory.fd, inC(from), inC(to)),
        link: () => calls.linkat(directory.fd, inC(from), directory.fd, inC(to), 0),
      }),
    unlink: (directory, name) => calls.unlinkat(directory.fd, inC(name), 0),
    removeDirectory: (directory, name) => calls.unlinkat(directory.fd, inC(name), C.AT_REMOVEDIR),
    readLink(directory, name) {
      const buffer = Buffer.alloc(LINK_BYTES);
      const length = calls.readlinkat(directory.fd, inC(name), buffer, LINK_BYTES);
      return length < 0 ? length : buffer.subarray(0, length);
    },
    link: (file, directory, name) => calls.linkat(C.AT_FDCWD, inC(file), directory.fd, inC(name), 0),
    symlink(directory, name, target, status) {
      const result = calls.symlinkat(terminated(target), directory.fd, inC(name));
      if (result < 0) return result;
      // Errors are ignored: not every filesystem keeps times of links, and nothing depends on them.
      calls.utimensat(directory.fd, inC(name), status.writeTimes(times), C.AT_SYMLINK_NOFOLLOW);
      return result;
    },
    setLinkOwner: (directory, name, { uid, gid }) =>
      calls.fchownat(directory.fd, inC(name), uid, gid, C.AT_SYMLINK_NOFOLLOW),
    specialFiles: specialFiles(calls, C.AT_SYMLINK_NOFOLLOW),
  } satisfies Partial<System>;
  return system;
}

function specialFiles(calls: PosixBindings, noFollow: number): SpecialFiles {
  const times = new Uint32Array(8);
  return {
    // FIFOs have a call of their own, because not every libc has mknodat.
    make: ({ fd }, name, status, mode) =>
      status.isFifo
        ? calls.mkfifoat(fd, inC(name), mode)
        : calls.mknodat(fd, inC(name), status.type | mode, status.nodeNumber),
    setMode: ({ fd }, name, mode) => calls.fchmodat(fd, inC(name), mode, noFollow),
    setOwner: ({ fd }, name, { uid, gid }) => calls.fchownat(fd, inC(name), uid, gid, noFollow),
    setTimes: ({ fd }, name, status) => calls.utimensat(fd, inC(name), status.writeTimes(times), noFollow),
  };
}
