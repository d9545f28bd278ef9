import type { Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C, layouts } from './constants.ts';
import { attributesOf, BLOCK, readLong, writeLong } from './status.ts';
import { volumeOf } from './volume.ts';

/** Ranges per query. */
const RANGES = 256;
const { FILE_ALLOCATED_RANGE_BUFFER: RANGE } = layouts;
/** Room for a FILE_REMOTE_PROTOCOL_INFO. Only its existence matters, not its content. */
const remote = new Uint32Array(64);

/**
 * Whether the source is marked as sparse and has holes. The attribute decides, because compressed files also take
 * less space.
 */
export function isSparse(bindings: Bindings, { source, status }: Transfer): boolean {
  if (status.blocks * BLOCK >= status.size) return false;
  const attributes = attributesOf(bindings, source);
  return attributes >= 0 && (attributes & C.FILE_ATTRIBUTE_SPARSE_FILE) !== 0;
}

/** Filesystems whose FSCTL_QUERY_ALLOCATED_RANGES can be trusted: on all others some driver or server answers it. */
const TELLS_HOLES = new Set(['NTFS', 'ReFS']);

/**
 * Whether {@link eachRange} can be trusted for a sparse source: it has to be on a disk of this computer (servers
 * report NTFS whatever they have), and to have blocks at all.
 */
export function tellsHoles(bindings: Bindings, { source, status }: Transfer): boolean {
  if (status.blocks === 0) return false;
  if (bindings.getFileInformation(source, C.FileRemoteProtocolInfo, remote, remote.byteLength) >= 0)
    return false;
  return TELLS_HOLES.has(volumeOf(bindings, source).name);
}

/** Makes an open file sparse, so that parts that are not written take no space, or not sparse. */
export function setSparse(bindings: Bindings, handle: number, sparse: boolean): number {
  return bindings.deviceIoControl(handle, C.FSCTL_SET_SPARSE, Uint8Array.of(sparse ? 1 : 0), 1, null, 0);
}

/** Sets the length of an open file in bytes. */
export function setSize(bindings: Bindings, handle: number, size: number): number {
  const end = new Uint32Array(2);
  writeLong(end, 0, size);
  return bindings.setFileInformation(handle, C.FileEndOfFileInfo, end, layouts.FILE_END_OF_FILE_INFO.size);
}

/**
 * Calls `move` with the start and end of each part of a sparse file that holds data. Ends early if `move` returns a
 * negative error number. Returns that number, or 0.
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
