import { EINVAL } from '../errno.ts';
import type { FileStatus } from '../status.ts';
import type { Bindings } from './bindings.ts';
import { constants as C, layouts } from './constants.ts';
import type { Volume } from './volume.ts';

const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const LINK = 0o120000;
/** The modes of libuv: on Windows a mode only says whether a file is read-only. */
const WRITABLE = 0o666;
const READ_ONLY = 0o444;
const OWNER_MAY_WRITE = 0o200;

/** Bytes of a block in {@link FileStatus}. */
export const BLOCK = 512;
const TWO_32 = 0x1_0000_0000;
/** Windows counts tenths of microseconds since 1601. */
const TICKS_PER_SECOND = 10_000_000;
const SECONDS_TO_1970 = 11_644_473_600;
/** 2^32 ticks are this many seconds and this many ticks. */
const HIGH_SECONDS = Math.floor(TWO_32 / TICKS_PER_SECOND);
const HIGH_TICKS = TWO_32 % TICKS_PER_SECOND;

/** The bit of a reparse tag that is set if the entry stands for another: links and junctions, not cloud files. */
const NAME_SURROGATE = 0x2000_0000;

const { FILE_BASIC_INFO: BASIC, FILE_STANDARD_INFO: STANDARD, FILE_ID_INFO: ID } = layouts;
const DATA = layouts.WIN32_FILE_ATTRIBUTE_DATA;
const TAG = layouts.FILE_ATTRIBUTE_TAG_INFO;
/** The status of an open file, as Windows returns it. */
export interface RawStatus {
  /** A FILE_BASIC_INFO. */
  readonly basic: Uint32Array;
  /** A FILE_STANDARD_INFO. */
  readonly standard: Uint32Array;
}

export const rawStatus = (): RawStatus => ({
  basic: new Uint32Array(BASIC.size / 4),
  standard: new Uint32Array(STANDARD.size / 4),
});

const shared = rawStatus();
const { basic } = shared;
const index = new Uint32Array(layouts.FILE_INTERNAL_INFORMATION.size / 4);
const id = new Uint32Array(ID.size / 4);
const data = new Uint32Array(DATA.size / 4);
const tag = new Uint32Array(TAG.size / 4);

/** Reads times, attributes and sizes of an open file. */
export function readRaw(bindings: Bindings, handle: number, { basic, standard }: RawStatus): number {
  const result = bindings.getFileInformation(handle, C.FileBasicInfo, basic, BASIC.size);
  return result < 0
    ? result
    : bindings.getFileInformation(handle, C.FileStandardInfo, standard, STANDARD.size);
}

/**
 * Reads the status of an open file. To read it by name, the file is opened too, so that both give the same status.
 */
export function readStatus(
  bindings: Bindings,
  handle: number,
  volume: Volume,
  into: FileStatus,
  raw: RawStatus = shared,
): number {
  const result = readRaw(bindings, handle, raw);
  if (result < 0) return result;
  const { basic, standard } = raw;
  const identified = identify(bindings, handle, volume);
  if (identified < 0) return identified;

  const attributes = basic[BASIC.FileAttributes / 4]!;
  into.fillIdentity(modeOf(bindings, handle, attributes), volume.serial, index[0]!, index[1]!);
  into.fillSize(readLong(standard, STANDARD.EndOfFile), readLong(standard, STANDARD.AllocationSize) / BLOCK);
  fillTime(into, 'accessed', basic, BASIC.LastAccessTime);
  fillTime(into, 'modified', basic, BASIC.LastWriteTime);
  fillTime(into, 'changed', basic, BASIC.ChangeTime);
  return 0;
}

/**
 * Reads type, size and times of a file without opening it. Device, file number and change time are 0. Returns -EINVAL
 * for a reparse point, which may stand for another file.
 */
export function quickStatus(bindings: Bindings, path: string, into: FileStatus): number {
  const result = bindings.getFileAttributesEx(path, data);
  if (result < 0) return result;
  const attributes = data[DATA.dwFileAttributes / 4]!;
  if (attributes & C.FILE_ATTRIBUTE_REPARSE_POINT) return -EINVAL;
  const size = data[DATA.nFileSizeHigh / 4]! * TWO_32 + data[DATA.nFileSizeLow / 4]!;
  into.fillIdentity(kindOf(attributes), 0, 0, 0);
  into.fillSize(size, Math.ceil(size / BLOCK));
  fillTime(into, 'accessed', data, DATA.ftLastAccessTime);
  fillTime(into, 'modified', data, DATA.ftLastWriteTime);
  into.fillTime('changed', 0, 0);
  return 0;
}

/** Whether a file that was opened without following it stands for another: a symbolic link or a junction. */
export function isSurrogate(bindings: Bindings, handle: number): boolean {
  if (bindings.getFileInformation(handle, C.FileAttributeTagInfo, tag, TAG.size) < 0) return false;
  return (tag[TAG.FileAttributes / 4]! & C.FILE_ATTRIBUTE_REPARSE_POINT) !== 0 && isSurrogateTag();
}

const isSurrogateTag = (): boolean => (tag[TAG.ReparseTag / 4]! & NAME_SURROGATE) !== 0;

/** The attributes of an open file, or a negative error number. */
export function attributesOf(bindings: Bindings, handle: number): number {
  const result = bindings.getFileInformation(handle, C.FileBasicInfo, basic, BASIC.size);
  return result < 0 ? result : basic[BASIC.FileAttributes / 4]!;
}

/** Makes an open file read-only or writable, as `mode` says for the owner. */
export function setMode(bindings: Bindings, handle: number, mode: number): number {
  const attributes = attributesOf(bindings, handle);
  if (attributes < 0) return attributes;
  const others = attributes & ~(C.FILE_ATTRIBUTE_READONLY | C.FILE_ATTRIBUTE_NORMAL);
  const wanted = (mode & OWNER_MAY_WRITE) === 0 ? others | C.FILE_ATTRIBUTE_READONLY : others;
  basic.fill(0);
  // With no attribute at all, Windows would keep the present ones.
  basic[BASIC.FileAttributes / 4] = wanted || C.FILE_ATTRIBUTE_NORMAL;
  return bindings.setFileInformation(handle, C.FileBasicInfo, basic, BASIC.size);
}

/** Sets access and modification time. A field that is 0 stays unchanged. */
export function setTimes(bindings: Bindings, handle: number, status: FileStatus): number {
  basic.fill(0);
  writeTime(status.accessedSeconds, status.accessedNanoseconds, BASIC.LastAccessTime);
  writeTime(status.modifiedSeconds, status.modifiedNanoseconds, BASIC.LastWriteTime);
  return bindings.setFileInformation(handle, C.FileBasicInfo, basic, BASIC.size);
}

/** Stores the file's number in `index`. A number of 128 bits is mixed into 64 bits. */
function identify(bindings: Bindings, handle: number, { wide }: Volume): number {
  if (!wide || bindings.getFileInformation(handle, C.FileIdInfo, id, ID.size) < 0) {
    return bindings.getFileIndex(handle, index);
  }
  const at = ID.FileId / 4;
  index[0] = id[at]! ^ Math.imul(id[at + 2]!, 0x9e37_79b1);
  index[1] = id[at + 1]! ^ Math.imul(id[at + 3]! ^ id[at + 2]!, 0x85eb_ca6b);
  return 0;
}

function modeOf(bindings: Bindings, handle: number, attributes: number): number {
  if (attributes & C.FILE_ATTRIBUTE_REPARSE_POINT && isSurrogate(bindings, handle)) return LINK | WRITABLE;
  return kindOf(attributes);
}

function kindOf(attributes: number): number {
  const permissions = attributes & C.FILE_ATTRIBUTE_READONLY ? READ_ONLY : WRITABLE;
  return (attributes & C.FILE_ATTRIBUTE_DIRECTORY ? DIRECTORY : REGULAR) | permissions;
}

/** The 64-bit number at an offset in bytes. */
export const readLong = (words: Uint32Array, offset: number): number =>
  words[offset / 4]! + words[offset / 4 + 1]! * TWO_32;

export function writeLong(words: Uint32Array, offset: number, value: number): void {
  words[offset / 4] = value % TWO_32;
  words[offset / 4 + 1] = Math.floor(value / TWO_32);
}

/** Converts in two steps, because a time has more bits than a JavaScript number is exact for. */
function fillTime(
  into: FileStatus,
  which: 'accessed' | 'modified' | 'changed',
  words: Uint32Array,
  offset: number,
): void {
  const high = words[offset / 4 + 1]!;
  const ticks = high * HIGH_TICKS + words[offset / 4]!;
  const seconds = high * HIGH_SECONDS + Math.floor(ticks / TICKS_PER_SECOND);
  into.fillTime(which, seconds - SECONDS_TO_1970, (ticks % TICKS_PER_SECOND) * 100);
}

function writeTime(seconds: number, nanoseconds: number, offset: number): void {
  const ticks = BigInt(seconds + SECONDS_TO_1970) * 10_000_000n + BigInt(Math.floor(nanoseconds / 100));
  basic[offset / 4] = Number(ticks & 0xffff_ffffn);
  basic[offset / 4 + 1] = Number(ticks >> 32n);
}
