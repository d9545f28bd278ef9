import { statfsSync } from 'node:fs';
import { ENOTSUP } from '../errno.ts';
import { posixSystem } from '../posix/system.ts';
import { inC, onDisk } from '../raw-names.ts';
import { FileStatus, STATX_DIO_OFFSET_ALIGN_WORD, STATX_MASK_WORD } from '../status.ts';
import type { System } from '../system.ts';
import type { Bindings } from './bindings.ts';
import * as C from './constants.ts';
import { filesystemName, isLayeredFilesystem, isPseudoFilesystem } from './filesystems.ts';
import { strategies } from './strategies.ts';
import { copyExtendedAttributes } from './xattr.ts';

/** The {@link System} of Linux, by its system calls. */
export function linuxSystem(bindings: Bindings): System {
  const { statx, ioctl } = bindings;
  const posix = posixSystem(bindings, {
    constants: C,
    directoryFlags: C.O_PATH | C.O_DIRECTORY | C.O_CLOEXEC,
    fstat: (fd, { words }) => statx(fd, '', C.AT_EMPTY_PATH, C.STATX_BASIC_STATS, words),
    fstatat: (directory, name, flags, { words }) => statx(directory, name, flags, C.STATX_BASIC_STATS, words),
    copyAttributes: (source, destination, wanted, lost) =>
      copyExtendedAttributes(bindings, source, destination, wanted, lost),
    cloneInto: (output, input) => ioctl(output, C.FICLONE, input),
    cloneFrom: 0,
    renameNew: (fd, from, to) => bindings.renameat2(fd, from, fd, to, C.RENAME_NOREPLACE),
  });
  return {
    ...posix,
    name: 'linux',
    methods: { clone: 'ficlone', kernel: 'copy_file_range', direct: 'direct' },
    ladder: strategies(bindings),
    pauses: true,
    hasNewFileOptions: true,

    openExisting: (directory, name) =>
      bindings.openat(directory.fd, inC(name), C.O_WRONLY | C.O_NOFOLLOW | C.O_NONBLOCK | C.O_CLOEXEC, 0),
    isWrittenOut(directory, name) {
      const fd = posix.openSource(directory, name, false);
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
      const result = statx(fd, '', C.AT_EMPTY_PATH, C.STATX_DIOALIGN, words);
      if (result < 0) return result;
      const known = words[STATX_MASK_WORD]! & C.STATX_DIOALIGN;
      return known ? words[STATX_DIO_OFFSET_ALIGN_WORD]! : -ENOTSUP;
    },

    sync: (fd) => bindings.fdatasync(fd),
    syncDirectory(directory) {
      // The directory is open with O_PATH, and such a descriptor cannot be synced.
      const fd = posix.openForAttributes(directory);
      if (fd < 0) return fd;
      const result = bindings.fsync(fd);
      bindings.close(fd);
      return result;
    },
  };
}

/** A file with more extents counts as not written out. */
const MOST_EXTENTS = 64;
const IN_MEMORY = C.FIEMAP_EXTENT_DELALLOC | C.FIEMAP_EXTENT_UNKNOWN | C.FIEMAP_EXTENT_UNWRITTEN;
const WORD = 4;
const { 'struct fiemap': MAP, 'struct fiemap_extent': EXTENT } = C.layouts;

/**
 * Whether all data of a new file is on the disk, as far as its filesystem reports it. New data in memory that
 * overwrites existing blocks is not noticed.
 */
function isWrittenOut(bindings: Bindings, fd: number): boolean {
  const map = new Uint32Array((MAP.size + MOST_EXTENTS * EXTENT.size) / WORD);
  map.fill(0xffff_ffff, MAP.fm_length / WORD, MAP.fm_length / WORD + 2);
  map[MAP.fm_extent_count / WORD] = MOST_EXTENTS;
  if (bindings.ioctlMemory(fd, C.FS_IOC_FIEMAP, map) < 0) return false;
  const count = map[MAP.fm_mapped_extents / WORD]!;
  let flags = C.FIEMAP_EXTENT_LAST;
  for (let extent = 0; extent < count; extent++) {
    const at = MAP.size + extent * EXTENT.size + EXTENT.fe_flags;
    flags = map[at / WORD]!;
    if (flags & IN_MEMORY) return false;
  }
  return (flags & C.FIEMAP_EXTENT_LAST) !== 0;
}
