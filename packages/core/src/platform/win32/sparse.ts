import type { Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C, layouts } from './constants.ts';
import { attributesOf } from './status.ts';
import { volumeName } from './volume.ts';

const BLOCK = 512;
const TWO_32 = 0x1_0000_0000;
/** Ranges asked for at once. */
const RANGES = 256;
const { FILE_ALLOCATED_RANGE_BUFFER: RANGE } = layouts;
/** For a FILE_REMOTE_PROTOCOL_INFO, of which only matters whether there is one. */
const remote = new Uint32Array(64);

/** Whether the source has holes that are marked as such; compressed files take less space too. */
export function isSparse(bindings: Bindings, { source, status }: Transfer): boolean {
  if (status.blocks * BLOCK >= status.size) return false;
  const attributes = attributesOf(bindings, source);
  return attributes >= 0 && (attributes & C.FILE_ATTRIBUTE_SPARSE_FILE) !== 0;
}

/** Filesystems whose FSCTL_QUERY_ALLOCATED_RANGES is true: all others answer by what some driver or server knows. */
const TELLS_HOLES = new Set(['NTFS', 'ReFS']);

/**
 * Whether a sparse source's {@link eachRange} can be believed: it is on a disk of this computer (servers say NTFS
 * whatever they have), and says that it has blocks at all.
 */
export function tellsHoles(bindings: Bindings, { source, status }: Transfer): boolean {
  if (status.blocks === 0) return false;
  if (bindings.getFileInformation(source, C.FileRemoteProtocolInfo, remote, remote.byteLength) >= 0)
    return false;
  return TELLS_HOLES.has(volumeName(bindings, source) ?? '');
}

/** Whether what is not written takes no space. */
export function setSparse(bindings: Bindings, handle: number, sparse: boolean): number {
  return bindings.deviceIoControl(handle, C.FSCTL_SET_SPARSE, Uint8Array.of(sparse ? 1 : 0), 1, null, 0);
}

/** Makes an open file so many bytes long. */
export function setSize(bindings: Bindings, handle: number, size: number): number {
  const end = new Uint32Array(2);
  writeLong(end, 0, size);
  return bindings.setFileInformation(handle, C.FileEndOfFileInfo, end, layouts.FILE_END_OF_FILE_INFO.size);
}

/**
 * Runs `move` over the parts of a sparse file that hold data, each with where it begins and ends; it returns
 * a negative error number to end. Returns 0 or that.
 */
export function eachRange(
  bindings: Bindings,
  { source, status }: Transfer,
  move: (start: number, end: number) => number,
): number {
  const whole = new Uint32Array(RANGE.size / 4);
  const ranges = new Uint32Array((RANGE.size / 4) * RANGES);
  const code = C.FSCTL_QUERY_ALLOCATED_RANGES;
  for (let position = 0; position < status.size; ) {
    writeLong(whole, RANGE.FileOffset, position);
    writeLong(whole, RANGE.Length, status.size - position);
    const filled = bindings.deviceIoControl(source, code, whole, RANGE.size, ranges, ranges.byteLength);
    if (filled < 0) return filled;
    const before = position;
    for (let at = 0; at < filled; at += RANGE.size) {
      const start = Math.max(readLong(ranges, at + RANGE.FileOffset), position);
      const end = Math.min(
        readLong(ranges, at + RANGE.FileOffset) + readLong(ranges, at + RANGE.Length),
        status.size,
      );
      if (end <= start) continue;
      const result = move(start, end);
      if (result < 0) return result;
      position = end;
    }
    if (filled < ranges.byteLength || position === before) return 0;
  }
  return 0;
}

/** Writes a 64-bit number at an offset in bytes. */
export function writeLong(words: Uint32Array, offset: number, value: number): void {
  words[offset / 4] = value % TWO_32;
  words[offset / 4 + 1] = Math.floor(value / TWO_32);
}

const readLong = (words: Uint32Array, offset: number): number =>
  words[offset / 4]! + words[offset / 4 + 1]! * TWO_32;
