import * as S from '../status.ts';
import { layouts } from './constants.ts';

/** A buffer for a `struct stat`. */
export const statBuffer = (): Uint32Array => new Uint32Array(layouts['struct stat'].size / 4);

const word = (member: Exclude<keyof (typeof layouts)['struct stat'], 'size'>): number =>
  layouts['struct stat'][member] / 4;

const DEVICE = word('st_dev');
const MODE = word('st_mode');
const INODE = word('st_ino');
const UID = word('st_uid');
const GID = word('st_gid');
const ACCESSED = word('st_atimespec');
const MODIFIED = word('st_mtimespec');
const CHANGED = word('st_ctimespec');
const SIZE = word('st_size');
const BLOCKS = word('st_blocks');
const NANOSECONDS = layouts['struct timespec'].tv_nsec / 4;

/** Takes over a `struct stat`. Macs are little-endian: the lower half of 64 bits comes first. */
export function decodeStatus(from: Uint32Array, { words }: S.FileStatus): void {
  // In the lower half of its word; the number of links is in the other.
  words[S.MODE] = from[MODE]! & 0xffff;
  words[S.UID] = from[UID]!;
  words[S.GID] = from[GID]!;
  copyLong(from, INODE, words, S.INODE);
  copyLong(from, SIZE, words, S.SIZE);
  copyLong(from, BLOCKS, words, S.BLOCKS);
  copyTime(from, ACCESSED, words, S.ACCESSED);
  copyTime(from, MODIFIED, words, S.MODIFIED);
  copyTime(from, CHANGED, words, S.CHANGED);
  // As FileStatus.fill() splits it, so that both lanes tell a device alike.
  const device = from[DEVICE]!;
  words[S.DEVICE_MAJOR] = (device >>> 8) & 0xfff;
  words[S.DEVICE_MINOR] = (device & 0xff) | ((device >>> 12) & 0xffff_ff00);
}

function copyLong(from: Uint32Array, at: number, into: Uint32Array, to: number): void {
  into[to] = from[at]!;
  into[to + 1] = from[at + 1]!;
}

function copyTime(from: Uint32Array, at: number, into: Uint32Array, to: number): void {
  copyLong(from, at, into, to);
  into[to + S.NANOSECONDS] = from[at + NANOSECONDS]!;
}
