import { terminated } from '../link-target.ts';
import { childPath, opened } from '../paths.ts';
import { inC } from '../raw-names.ts';
import { renameExclusively } from '../rename-exclusive.ts';
import type { SpecialFiles, System } from '../system.ts';
import type { PosixBindings } from './bindings.ts';
import { alignedBuffer, BUFFER_BYTES } from './buffer.ts';
import { createFlags, type OpenConstants, sourceFlags } from './flags.ts';

const RESERVED_MODE = 0o600;
const LINK_BYTES = 4096;

/** Constants of a system, by their names in C. */
interface Constants extends OpenConstants {
  readonly AT_FDCWD: number;
  readonly AT_SYMLINK_NOFOLLOW: number;
  readonly AT_REMOVEDIR: number;
  readonly SEEK_SET: number;
}

/** The differences between Linux and macOS in {@link posixSystem}. */
interface Settings {
  constants: Constants;
  directoryFlags: number;
  /** Renames in one call that fails if `to` exists. */
  renameNew(directory: number, from: string, to: string): number;
}

/** The part of a {@link System} that Linux and macOS do by the same calls. */
export function posixSystem(calls: PosixBindings, settings: Settings) {
  const { constants: C, directoryFlags, renameNew } = settings;
  const [reading, creating] = [sourceFlags(C), createFlags(C)];
  const times = new Uint32Array(8);
  return {
    openDirectory(path) {
      const fd = calls.openat(C.AT_FDCWD, inC(path), directoryFlags, 0);
      return fd < 0 ? fd : opened(fd, path);
    },
    openChild(directory, name) {
      const fd = calls.openat(directory.fd, inC(name), directoryFlags | C.O_NOFOLLOW, 0);
      return fd < 0 ? fd : opened(fd, childPath(directory, name));
    },
    closeDirectory: (directory) => void calls.close(directory.fd),
    makeDirectory: (directory, name, mode) => calls.mkdirat(directory.fd, name, mode),

    openSource: (directory, name, follow) =>
      calls.openat(directory.fd, name, follow ? reading : reading | C.O_NOFOLLOW, 0),
    create: (directory, name, mode) => calls.openat(directory.fd, name, creating, mode),
    openCreated: (directory, name) =>
      calls.openat(directory.fd, name, C.O_RDONLY | C.O_NOFOLLOW | C.O_CLOEXEC, 0),
    // Reads through the aligned buffer, so that this works on a file that is open for direct I/O too.
    read(fd, into, position) {
      const sought = calls.lseek(fd, position, C.SEEK_SET);
      if (sought < 0) return sought;
      const buffer = alignedBuffer();
      const got = calls.read(fd, buffer, Math.min(into.length, BUFFER_BYTES));
      if (got > 0) into.set(buffer.subarray(0, got));
      return got;
    },
    write: (fd, bytes) => calls.write(fd, bytes, bytes.length),
    close: (fd) => void calls.close(fd),
    rewind: (fd) => calls.lseek(fd, 0, C.SEEK_SET),
    reset(source, destination) {
      const truncated = calls.ftruncate(destination, 0);
      if (truncated < 0) return truncated;
      const rewound = calls.lseek(destination, 0, C.SEEK_SET);
      return rewound < 0 ? rewound : calls.lseek(source, 0, C.SEEK_SET);
    },

    setMode: (fd, mode) => calls.fchmod(fd, mode),
    setOwner: (fd, status) => calls.fchown(fd, status.uid, status.gid),
    setTimes: (fd, status) => calls.futimens(fd, status.writeTimes(times)),

    rename: (directory, from, to) => calls.renameat(directory.fd, from, directory.fd, to),
    renameExclusive: ({ fd }, from, to) =>
      renameExclusively({
        exclusively: () => renameNew(fd, from, to),
        link: () => calls.linkat(fd, from, fd, to, 0),
        unlinkFrom: () => calls.unlinkat(fd, from, 0),
        reserve() {
          const reserved = calls.openat(fd, to, creating, RESERVED_MODE);
          return reserved < 0 ? reserved : calls.close(reserved);
        },
        replace: () => calls.renameat(fd, from, fd, to),
        unlinkTo: () => calls.unlinkat(fd, to, 0),
      }),
    unlink: (directory, name) => calls.unlinkat(directory.fd, inC(name), 0),
    removeDirectory: (directory, name) => calls.unlinkat(directory.fd, inC(name), C.AT_REMOVEDIR),
    readLink(directory, name) {
      const buffer = Buffer.alloc(LINK_BYTES);
      const length = calls.readlinkat(directory.fd, name, buffer, LINK_BYTES);
      return length < 0 ? length : buffer.subarray(0, length);
    },
    link: (file, directory, name) => calls.linkat(C.AT_FDCWD, file, directory.fd, name, 0),
    symlink(directory, name, target, status) {
      const result = calls.symlinkat(terminated(target), directory.fd, name);
      if (result < 0) return result;
      // Errors are ignored: not every filesystem keeps times of links, and nothing depends on them.
      calls.utimensat(directory.fd, name, status.writeTimes(times), C.AT_SYMLINK_NOFOLLOW);
      return result;
    },
    setLinkOwner: (directory, name, { uid, gid }) =>
      calls.fchownat(directory.fd, name, uid, gid, C.AT_SYMLINK_NOFOLLOW),
    specialFiles: specialFiles(calls, C.AT_SYMLINK_NOFOLLOW),
  } satisfies Partial<System>;
}

function specialFiles(calls: PosixBindings, noFollow: number): SpecialFiles {
  const times = new Uint32Array(8);
  return {
    // FIFOs have a call of their own, because not every libc has mknodat.
    make: ({ fd }, name, status, mode) =>
      status.isFifo
        ? calls.mkfifoat(fd, name, mode)
        : calls.mknodat(fd, name, status.type | mode, status.nodeNumber),
    setMode: ({ fd }, name, mode) => calls.fchmodat(fd, name, mode, noFollow),
    setOwner: ({ fd }, name, { uid, gid }) => calls.fchownat(fd, name, uid, gid, noFollow),
    setTimes: ({ fd }, name, status) => calls.utimensat(fd, name, status.writeTimes(times), noFollow),
  };
}
