import { statfsSync } from 'node:fs';
import { terminated } from '../link-target.ts';
import { childPaths, nameInC, opened } from '../paths.ts';
import { readAt } from '../posix/read-at.ts';
import { specialFiles } from '../posix/special-files.ts';
import { isPseudoFilesystem } from '../pseudo.ts';
import { renameExclusively } from '../rename-exclusive.ts';
import { FileStatus, STATX_DIO_OFFSET_ALIGN_WORD, STATX_MASK_WORD } from '../status.ts';
import type { Directory, LadderQuery, Strategy, System } from '../system.ts';
import type { Bindings } from './bindings.ts';
import * as C from './constants.ts';
import { copyFileRange } from './copy-file-range.ts';
import { direct } from './direct.ts';
import { ficlone } from './ficlone.ts';
import { filesystemName, isLayeredFilesystem } from './filesystems.ts';
import { CREATE_FLAGS, SOURCE_FLAGS } from './flags.ts';
import { copyNewFile } from './new-file.ts';
import { readWrite } from './read-write.ts';
import { isWrittenOut } from './written-out.ts';
import { copyExtendedAttributes } from './xattr.ts';

/**
 * Where a file cannot be cloned, read and write beat copy_file_range up to this size (ext4: 90 ms against
 * 125 for 5,000 files of 0.2 to 32 KiB).
 */
const SMALL_FILE = 64 * 1024;

const DIRECTORY_FLAGS = C.O_PATH | C.O_DIRECTORY | C.O_CLOEXEC;
const RESERVED_MODE = 0o600;
const LINK_BYTES = 4096;

/** Linux by its system calls. */
export function linuxSystem(bindings: Bindings): System {
  const times = new Uint32Array(8);
  const ladder = strategies(bindings);

  const open = (directory: number, path: string, flags: number): Directory | number => {
    const fd = bindings.openat(directory, path, flags, 0);
    return fd < 0 ? fd : opened(fd, { path });
  };
  const stat = (fd: number, name: string, flags: number, into: FileStatus): number =>
    bindings.statx(fd, name, flags, C.STATX_BASIC_STATS, into.words);

  return {
    name: 'linux',
    methods: { clone: 'ficlone', kernel: 'copy_file_range', direct: 'direct' },
    hasExtendedAttributes: true,
    ladder,
    pauses: true,
    copyNewFile: copyNewFile(bindings),

    openDirectory: (path) => open(C.AT_FDCWD, path, DIRECTORY_FLAGS),
    openChild(directory, name) {
      const fd = bindings.openat(directory.fd, nameInC(name), DIRECTORY_FLAGS | C.O_NOFOLLOW, 0);
      return fd < 0 ? fd : opened(fd, childPaths(directory, name));
    },
    closeDirectory: (directory) => void bindings.close(directory.fd),
    makeDirectory: (directory, name, mode) => bindings.mkdirat(directory.fd, name, mode),
    // By a handle of O_PATH no attribute can be set.
    openForAttributes: (directory) =>
      bindings.openat(directory.fd, '.', C.O_RDONLY | C.O_DIRECTORY | C.O_CLOEXEC, 0),

    openSource: (directory, name, follow) =>
      bindings.openat(directory.fd, name, follow ? SOURCE_FLAGS : SOURCE_FLAGS | C.O_NOFOLLOW, 0),
    create: (directory, name, mode) => bindings.openat(directory.fd, name, CREATE_FLAGS, mode),
    openCreated: (directory, name) =>
      bindings.openat(directory.fd, name, C.O_RDONLY | C.O_NOFOLLOW | C.O_CLOEXEC, 0),
    openExisting: (directory, name) =>
      bindings.openat(directory.fd, name, C.O_WRONLY | C.O_NOFOLLOW | C.O_NONBLOCK | C.O_CLOEXEC, 0),
    read: (fd, into, position) => readAt(bindings, fd, into, position),
    write: (fd, bytes) => bindings.write(fd, bytes, bytes.length),
    close: (fd) => void bindings.close(fd),
    rewind: (fd) => bindings.lseek(fd, 0, C.SEEK_SET),
    reset(source, destination) {
      const truncated = bindings.ftruncate(destination, 0);
      if (truncated < 0) return truncated;
      const rewound = bindings.lseek(destination, 0, C.SEEK_SET);
      return rewound < 0 ? rewound : bindings.lseek(source, 0, C.SEEK_SET);
    },

    status: (directory, name, follow, into) =>
      stat(directory.fd, name, follow ? 0 : C.AT_SYMLINK_NOFOLLOW, into),
    fileStatus: (fd, into) => stat(fd, '', C.AT_EMPTY_PATH, into),
    isWrittenOut(directory, name) {
      const fd = bindings.openat(directory.fd, name, SOURCE_FLAGS | C.O_NOFOLLOW, 0);
      if (fd < 0) return false;
      const written = isWrittenOut(bindings, fd);
      bindings.close(fd);
      return written;
    },
    isPseudo: (directory) => isPseudoFilesystem(directory.path),
    isLayered: (directory) => isLayeredFilesystem(statfsSync(directory.path).type),
    filesystem(directory) {
      const { type, bsize } = statfsSync(directory);
      return { name: filesystemName(type), type, blockSize: bsize };
    },
    directAlignment(fd) {
      const { words } = new FileStatus();
      const result = bindings.statx(fd, '', C.AT_EMPTY_PATH, C.STATX_DIOALIGN, words);
      if (result < 0) return result;
      const known = words[STATX_MASK_WORD]! & C.STATX_DIOALIGN;
      return known ? words[STATX_DIO_OFFSET_ALIGN_WORD]! : -C.ENOTSUP;
    },

    setMode: (fd, mode) => bindings.fchmod(fd, mode),
    setOwner: (fd, status) => bindings.fchown(fd, status.uid, status.gid),
    setTimes: (fd, status) => bindings.futimens(fd, status.writeTimes(times)),
    copyAttributes: (source, destination, wanted, lost) =>
      copyExtendedAttributes(bindings, source, destination, wanted, lost),
    sync: (fd) => bindings.fdatasync(fd),
    syncDirectory(directory) {
      // An O_PATH handle cannot be synced.
      const fd = bindings.openat(directory.fd, '.', C.O_RDONLY | C.O_DIRECTORY | C.O_CLOEXEC, 0);
      if (fd < 0) return fd;
      const result = bindings.fsync(fd);
      bindings.close(fd);
      return result;
    },

    rename: (directory, from, to) => bindings.renameat(directory.fd, from, directory.fd, to),
    renameExclusive: ({ fd }, from, to) =>
      renameExclusively({
        exclusively: () => bindings.renameat2(fd, from, fd, to, C.RENAME_NOREPLACE),
        link: () => bindings.linkat(fd, from, fd, to, 0),
        unlinkFrom: () => bindings.unlinkat(fd, from, 0),
        reserve() {
          const reserved = bindings.openat(fd, to, CREATE_FLAGS, RESERVED_MODE);
          return reserved < 0 ? reserved : bindings.close(reserved);
        },
        replace: () => bindings.renameat(fd, from, fd, to),
        unlinkTo: () => bindings.unlinkat(fd, to, 0),
      }),
    unlink: (directory, name) => bindings.unlinkat(directory.fd, nameInC(name), 0),
    removeDirectory: (directory, name) => bindings.unlinkat(directory.fd, nameInC(name), C.AT_REMOVEDIR),
    readLink(directory, name) {
      const buffer = Buffer.alloc(LINK_BYTES);
      const length = bindings.readlinkat(directory.fd, name, buffer, LINK_BYTES);
      return length < 0 ? length : buffer.subarray(0, length);
    },
    link: (file, directory, name) => bindings.linkat(C.AT_FDCWD, file, directory.fd, name, 0),
    symlink(directory, name, target, status) {
      const result = bindings.symlinkat(terminated(target), directory.fd, name);
      if (result < 0) return result;
      // Not every filesystem keeps times of links, and nothing depends on them.
      bindings.utimensat(directory.fd, name, status.writeTimes(times), C.AT_SYMLINK_NOFOLLOW);
      return result;
    },
    specialFiles: specialFiles(bindings, C.AT_SYMLINK_NOFOLLOW),
  };
}

/** The ladder of strategies for a file; a few fixed lists, so that choosing costs nothing. */
function strategies(bindings: Bindings): (query: LadderQuery) => readonly Strategy[] {
  const clone = ficlone(bindings);
  const kernel = copyFileRange(bindings, { reserve: false });
  const kernelReserving = copyFileRange(bindings, { reserve: true });
  const buffered = readWrite(bindings, { bypassCache: false });
  const uncached = readWrite(bindings, { bypassCache: true });
  const past = direct(bindings);

  const always = [clone];
  const full = [buffered];
  const bypass = [past, uncached];
  const bypassCloning = [clone, past, uncached];
  const cloning = [clone, kernel, buffered];
  const small = [buffered, kernelReserving];
  const large = [kernelReserving, buffered];

  return ({ reflink, bypassCache, size, cannotClone }) => {
    if (reflink === 'always') return always;
    if (size === 0) return full;
    const noClone = reflink === 'never' || cannotClone;
    if (bypassCache) return noClone ? bypass : bypassCloning;
    // copy_file_range may share blocks, which `never` forbids.
    if (reflink === 'never') return full;
    if (!cannotClone) return cloning;
    return size <= SMALL_FILE ? small : large;
  };
}
