import os from 'node:os';
import type { FileStatus } from '../status.ts';
import { STATX } from './constants.ts';

/** Which half of a 64-bit field comes first. */
const LOW = os.endianness() === 'LE' ? 0 : 1;
const HIGH = 1 - LOW;
const TWO_32 = 0x1_0000_0000;

/** The kernel's answer to statx(), read as words to keep 64-bit integers off the heap. */
export class StatxBuffer {
  readonly words: Uint32Array = new Uint32Array(STATX.bytes / 4);
  readonly #halves = new Uint16Array(this.words.buffer);

  #long(offset: number): number {
    return this.words[offset / 4 + LOW]! + this.words[offset / 4 + HIGH]! * TWO_32;
  }

  /** Seconds are signed: files from before 1970 exist. */
  #seconds(offset: number): number {
    return this.words[offset / 4 + LOW]! + (this.words[offset / 4 + HIGH]! | 0) * TWO_32;
  }

  #nanoseconds(offset: number): number {
    return this.words[offset / 4 + 2]!;
  }

  decode(into: FileStatus): void {
    const { words } = this;
    into.mode = this.#halves[STATX.mode / 2]!;
    into.uid = words[STATX.uid / 4]!;
    into.gid = words[STATX.gid / 4]!;
    into.size = this.#long(STATX.size);
    into.blocks = this.#long(STATX.blocks);
    into.deviceMajor = words[STATX.devMajor / 4]!;
    into.deviceMinor = words[STATX.devMinor / 4]!;
    into.inodeLow = words[STATX.ino / 4 + LOW]!;
    into.inodeHigh = words[STATX.ino / 4 + HIGH]!;
    into.accessSeconds = this.#seconds(STATX.atime);
    into.accessNanoseconds = this.#nanoseconds(STATX.atime);
    into.modifiedSeconds = this.#seconds(STATX.mtime);
    into.modifiedNanoseconds = this.#nanoseconds(STATX.mtime);
    into.changedSeconds = this.#seconds(STATX.ctime);
    into.changedNanoseconds = this.#nanoseconds(STATX.ctime);
  }
}

const NANOSECONDS = 1_000_000_000n;

/** Access and modification time as the two `struct timespec` that futimens() takes. */
export function timesOf(status: FileStatus, into: BigInt64Array): BigInt64Array {
  into[0] = BigInt(status.accessSeconds);
  into[1] = BigInt(status.accessNanoseconds) % NANOSECONDS;
  into[2] = BigInt(status.modifiedSeconds);
  into[3] = BigInt(status.modifiedNanoseconds) % NANOSECONDS;
  return into;
}
