import { statfsSync } from 'node:fs';
import { posixSystem } from '../posix/system.ts';
import type { System } from '../system.ts';
import { copyAttributes } from './attributes.ts';
import { type Bindings, loadBindings } from './bindings.ts';
import { CLONE_THRESHOLD, cloneDirectory } from './clonefile.ts';
import { constants as C } from './constants.ts';
import { isLayered, mountBy, volumeClones } from './filesystems.ts';
import { ladder } from './ladder.ts';
import { copyNewFile } from './new-file.ts';
import { statusCalls } from './status.ts';
import { sync } from './sync.ts';

const DIRECTORY_FLAGS = C.O_RDONLY | C.O_DIRECTORY | C.O_CLOEXEC;

/** Bytes of a page: with F_NOCACHE only whole pages go past the cache. */
const PAGE = process.arch === 'arm64' ? 16 * 1024 : 4 * 1024;

/** Throws if koffi cannot be loaded. */
export const loadLane = (): System => darwinSystem(loadBindings());

/** The {@link System} of macOS, by the functions of libSystem. Files of `cloneFrom` bytes and more are cloned. */
export function darwinSystem(bindings: Bindings, cloneFrom: number = CLONE_THRESHOLD): System {
  const { fstat, fstatat } = statusCalls(bindings);

  return {
    ...posixSystem(bindings, {
      constants: C,
      directoryFlags: DIRECTORY_FLAGS,
      renameNew: (fd, from, to) => bindings.renameatx(fd, from, fd, to, C.RENAME_EXCL),
    }),
    name: 'darwin',
    methods: { clone: 'clonefile', kernel: 'copyfile', direct: 'nocache' },
    hasExtendedAttributes: true,
    ladder: ladder(bindings, cloneFrom),
    copyNewFile: copyNewFile(bindings, cloneFrom),
    cloneDirectory: cloneDirectory(bindings),

    openForAttributes: (directory) => bindings.openat(directory.fd, '.', DIRECTORY_FLAGS, 0),

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

    copyAttributes: (source, destination, wanted, lost) =>
      copyAttributes(bindings, source, destination, wanted, lost),
    sync: (fd) => sync(bindings, fd),
    syncDirectory: (directory) => sync(bindings, directory.fd),
  };
}
