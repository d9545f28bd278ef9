import { statfsSync } from 'node:fs';
import { terminated } from '../link-target.ts';
import { childPaths, nameInC, opened } from '../paths.ts';
import { readAt } from '../posix/read-at.ts';
import { specialFiles } from '../posix/special-files.ts';
import { renameExclusively } from '../rename-exclusive.ts';
import type { Directory, System } from '../system.ts';
import { copyAttributes } from './attributes.ts';
import type { Bindings } from './bindings.ts';
import { CLONE_THRESHOLD, cloneDirectory } from './clonefile.ts';
import { constants as C } from './constants.ts';
import { isLayered, mountBy, volumeClones } from './filesystems.ts';
import { CREATE_FLAGS, SOURCE_FLAGS } from './flags.ts';
import { ladder } from './ladder.ts';
import { copyNewFile } from './new-file.ts';
import { statusCalls } from './status.ts';
import { sync } from './sync.ts';

const DIRECTORY_FLAGS = C.O_RDONLY | C.O_DIRECTORY | C.O_CLOEXEC;
const RESERVED_MODE = 0o600;
const LINK_BYTES = 4096;

/** What F_NOCACHE needs to go past the cache: whole pages. */
const PAGE = process.arch === 'arm64' ? 16 * 1024 : 4 * 1024;

/** macOS by the functions of libSystem. Files from `cloneFrom` bytes on are cloned. */
export function darwinSystem(bindings: Bindings, cloneFrom: number = CLONE_THRESHOLD): System {
  const times = new Uint32Array(8);
  const { fstat, fstatat } = statusCalls(bindings);

  const open = (directory: number, path: string, flags: number): Directory | number => {
    const fd = bindings.openat(directory, path, flags, 0);
    return fd < 0 ? fd : opened(fd, { path });
  };

  return {
    name: 'darwin',
    methods: { clone: 'clonefile', kernel: 'copyfile', direct: 'nocache' },
    hasExtendedAttributes: true,
    ladder: ladder(bindings, cloneFrom),
    copyNewFile: copyNewFile(bindings, cloneFrom),
    cloneDirectory: cloneDirectory(bindings),

    openDirectory: (path) => open(C.AT_FDCWD, path, DIRECTORY_FLAGS),
    openChild(directory, name) {
      const fd = bindings.openat(directory.fd, nameInC(name), DIRECTORY_FLAGS | C.O_NOFOLLOW, 0);
      return fd < 0 ? fd : opened(fd, childPaths(directory, name));
    },
    closeDirectory: (directory) => void bindings.close(directory.fd),
    makeDirectory: (directory, name, mode) => bindings.mkdirat(directory.fd, name, mode),
    openForAttributes: (directory) => bindings.openat(directory.fd, '.', DIRECTORY_FLAGS, 0),

    openSource: (directory, name, follow) =>
      bindings.openat(directory.fd, name, follow ? SOURCE_FLAGS : SOURCE_FLAGS | C.O_NOFOLLOW, 0),
    create: (directory, name, mode) => bindings.openat(directory.fd, name, CREATE_FLAGS, mode),
    openCreated: (directory, name) =>
      bindings.openat(directory.fd, name, C.O_RDONLY | C.O_NOFOLLOW | C.O_CLOEXEC, 0),
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
      fstatat(directory.fd, name, follow ? 0 : C.AT_SYMLINK_NOFOLLOW, into),
    fileStatus: fstat,
    isPseudo: () => false,
    isLayered: (directory) => isLayered(mountBy((buffer) => bindings.fstatfs(directory.fd, buffer))),
    filesystem(directory) {
      const { type, bsize } = statfsSync(directory);
      const mount = mountBy((buffer) => bindings.statfs(directory, buffer));
      return {
        name: mount?.name ?? `0x${type.toString(16)}`,
        type,
        blockSize: bsize,
        clones: mount && volumeClones(bindings, mount),
      };
    },
    directAlignment: () => PAGE,

    setMode: (fd, mode) => bindings.fchmod(fd, mode),
    setOwner: (fd, status) => bindings.fchown(fd, status.uid, status.gid),
    setTimes: (fd, status) => bindings.futimens(fd, status.writeTimes(times)),
    copyAttributes: (source, destination, wanted, lost) =>
      copyAttributes(bindings, source, destination, wanted, lost),
    sync: (fd) => sync(bindings, fd),
    syncDirectory: (directory) => sync(bindings, directory.fd),

    rename: (directory, from, to) => bindings.renameat(directory.fd, from, directory.fd, to),
    renameExclusive: ({ fd }, from, to) =>
      renameExclusively({
        exclusively: () => bindings.renameatx(fd, from, fd, to, C.RENAME_EXCL),
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
