import { statfsSync } from 'node:fs';
import { sourceFlags } from '../posix/flags.ts';
import { posixSystem } from '../posix/system.ts';
import { onDisk } from '../raw-names.ts';
import { FileStatus, STATX_DIO_OFFSET_ALIGN_WORD, STATX_MASK_WORD } from '../status.ts';
import type { LadderQuery, Strategy, System } from '../system.ts';
import type { Bindings } from './bindings.ts';
import * as C from './constants.ts';
import { copyFileRange } from './copy-file-range.ts';
import { direct } from './direct.ts';
import { ficlone } from './ficlone.ts';
import { filesystemName, isLayeredFilesystem, isPseudoFilesystem } from './filesystems.ts';
import { copyNewFile } from './new-file.ts';
import { readWrite } from './read-write.ts';
import { isWrittenOut } from './written-out.ts';
import { copyExtendedAttributes } from './xattr.ts';

/**
 * In bytes. If files cannot be cloned, read and write are faster than copy_file_range up to this size (ext4: 90 ms
 * against 125 for 5,000 files of 0.2 to 32 KiB).
 */
const SMALL_FILE = 64 * 1024;

const DIRECTORY_FLAGS = C.O_PATH | C.O_DIRECTORY | C.O_CLOEXEC;

/** The {@link System} of Linux, by its system calls. */
export function linuxSystem(bindings: Bindings): System {
  const ladder = strategies(bindings);

  const stat = (fd: number, name: string, flags: number, into: FileStatus): number =>
    bindings.statx(fd, name, flags, C.STATX_BASIC_STATS, into.words);

  return {
    ...posixSystem(bindings, {
      constants: C,
      directoryFlags: DIRECTORY_FLAGS,
      renameNew: (fd, from, to) => bindings.renameat2(fd, from, fd, to, C.RENAME_NOREPLACE),
    }),
    name: 'linux',
    methods: { clone: 'ficlone', kernel: 'copy_file_range', direct: 'direct' },
    hasExtendedAttributes: true,
    ladder,
    pauses: true,
    copyNewFile: copyNewFile(bindings),
    hasNewFileOptions: true,

    // The directory is open with O_PATH, which does not allow setting attributes.
    openForAttributes: (directory) =>
      bindings.openat(directory.fd, '.', C.O_RDONLY | C.O_DIRECTORY | C.O_CLOEXEC, 0),

    openExisting: (directory, name) =>
      bindings.openat(directory.fd, name, C.O_WRONLY | C.O_NOFOLLOW | C.O_NONBLOCK | C.O_CLOEXEC, 0),
    status: (directory, name, follow, into) =>
      stat(directory.fd, name, follow ? 0 : C.AT_SYMLINK_NOFOLLOW, into),
    fileStatus: (fd, into) => stat(fd, '', C.AT_EMPTY_PATH, into),
    isWrittenOut(directory, name) {
      const fd = bindings.openat(directory.fd, name, sourceFlags(C) | C.O_NOFOLLOW, 0);
      if (fd < 0) return false;
      const written = isWrittenOut(bindings, fd);
      bindings.close(fd);
      return written;
    },
    isPseudo: (directory) => isPseudoFilesystem(directory.path),
    isLayered: (directory) => isLayeredFilesystem(statfsSync(onDisk(directory.path)).type),
    filesystem(directory) {
      const { type, bsize } = statfsSync(onDisk(directory));
      return { name: filesystemName(type), type, blockSize: bsize };
    },
    directAlignment(fd) {
      const { words } = new FileStatus();
      const result = bindings.statx(fd, '', C.AT_EMPTY_PATH, C.STATX_DIOALIGN, words);
      if (result < 0) return result;
      const known = words[STATX_MASK_WORD]! & C.STATX_DIOALIGN;
      return known ? words[STATX_DIO_OFFSET_ALIGN_WORD]! : -C.ENOTSUP;
    },

    copyAttributes: (source, destination, wanted, lost) =>
      copyExtendedAttributes(bindings, source, destination, wanted, lost),
    sync: (fd) => bindings.fdatasync(fd),
    syncDirectory(directory) {
      // A descriptor of O_PATH cannot be synced.
      const fd = bindings.openat(directory.fd, '.', C.O_RDONLY | C.O_DIRECTORY | C.O_CLOEXEC, 0);
      if (fd < 0) return fd;
      const result = bindings.fsync(fd);
      bindings.close(fd);
      return result;
    },
  };
}

/**
 * Chooses the ladder of a file: the strategies in the order of the attempts. There are a few fixed lists, so that
 * choosing costs nothing.
 */
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
