import * as S from '../status.ts';
import type { Bindings } from './bindings.ts';
import { constants as C, layouts } from './constants.ts';

const word = (member: Exclude<keyof (typeof layouts)['struct stat'], 'size'>): number =>
  layouts['struct stat'][member] / 4;

const DEVICE = word('st_dev');
const MODE = word('st_mode');
const INODE = word('st_ino');
const NODE = word('st_rdev');
const UID = word('st_uid');
const GID = word('st_gid');
const ACCESSED = word('st_atimespec');
const MODIFIED = word('st_mtimespec');
const CHANGED = word('st_ctimespec');
const SIZE = word('st_size');
const BLOCKS = word('st_blocks');
const FLAGS = word('st_flags');
const NANOSECONDS = layouts['struct timespec'].tv_nsec / 4;

/** A file with one of these flags can be neither renamed nor deleted. A clone has the flags of its source. */
const LOCKED = C.UF_IMMUTABLE | C.UF_APPEND | C.SF_IMMUTABLE | C.SF_APPEND;

/** The calls that read the status of a file. All of them use one buffer. */
export function statusCalls({ fstat, fstatat }: Pick<Bindings, 'fstat' | 'fstatat'>): {
  fstat(fd: number, into: S.FileStatus): number;
  fstatat(directory: number, name: string, flags: number, into: S.FileStatus): number;
} {
  const stat = new Uint32Array(layouts['struct stat'].size / 4);
  return {
    fstat(fd, into) {
      const result = fstat(fd, stat);
      if (result >= 0) decodeStatus(stat, into);
      return result;
    },
    fstatat(directory, name, flags, into) {
      const result = fstatat(directory, name, stat, flags);
      if (result >= 0) decodeStatus(stat, into);
      return result;
    },
  };
}

/**
 * Decodes a `struct stat`, word by word as on the fast path. Macs are little-endian: the lower half of 64 bits comes
 * first.
 */
function decodeStatus(from: Uint32Array, { words }: S.FileStatus): void {
  // The mode is in the lower half of its word; the number of links is in the upper half.
  words[S.MODE] = from[MODE]! & 0xffff;
  words[S.ATTRIBUTES] = from[FLAGS]! & LOCKED;
  words[S.UID] = from[UID]!;
  words[S.GID] = from[GID]!;
  words[S.INODE] = from[INODE]!;
  words[S.INODE + 1] = from[INODE + 1]!;
  words[S.SIZE] = from[SIZE]!;
  words[S.SIZE + 1] = from[SIZE + 1]!;
  words[S.BLOCKS] = from[BLOCKS]!;
  words[S.BLOCKS + 1] = from[BLOCKS + 1]!;
  words[S.ACCESSED] = from[ACCESSED]!;
  words[S.ACCESSED + 1] = from[ACCESSED + 1]!;
  words[S.ACCESSED + S.NANOSECONDS] = from[ACCESSED + NANOSECONDS]!;
  words[S.MODIFIED] = from[MODIFIED]!;
  words[S.MODIFIED + 1] = from[MODIFIED + 1]!;
  words[S.MODIFIED + S.NANOSECONDS] = from[MODIFIED + NANOSECONDS]!;
  words[S.CHANGED] = from[CHANGED]!;
  words[S.CHANGED + 1] = from[CHANGED + 1]!;
  words[S.CHANGED + S.NANOSECONDS] = from[CHANGED + NANOSECONDS]!;
  // Splits the number as FileStatus.fill() does, so that the native calls and node:fs give a device the same number.
  const device = from[DEVICE]!;
  words[S.DEVICE_MAJOR] = (device >>> 8) & 0xfff;
  words[S.DEVICE_MINOR] = (device & 0xff) | ((device >>> 12) & 0xffff_ff00);
  const node = from[NODE]!;
  words[S.NODE_MAJOR] = (node >>> 8) & 0xfff;
  words[S.NODE_MINOR] = (node & 0xff) | ((node >>> 12) & 0xffff_ff00);
}
