import { EINVAL, ENXIO } from '../errno.ts';
import type { FileStatus } from '../status.ts';
import type { Transfer } from '../system.ts';

const BLOCK = 512;
const SEEK_SET = 0;
/** Holes below this are not worth looking for, and inline files have no blocks at all. */
export const SMALLEST_SPARSE: number = 64 * 1024;

/** The system calls that find holes and leave them. */
export interface SeekBindings {
  lseek(fd: number, offset: number, whence: number): number;
  ftruncate(fd: number, size: number): number;
}

/** `SEEK_DATA` and `SEEK_HOLE`. */
export interface Whence {
  readonly data: number;
  readonly hole: number;
}

/**
 * Moves `size` bytes from both files' positions; `already` are in place before. Returns how many, or a
 * negative error number.
 */
type MoveBytes<B> = (bindings: B, transfer: Transfer, size: number, already: number) => number;

/** Files from this size on get their blocks in one piece. */
const RESERVE_FROM = 16 * 1024 * 1024;

/** Whether all of a file's bytes have blocks, as far as its status tells. */
export function isDense({ size, blocks }: FileStatus): boolean {
  return size < SMALLEST_SPARSE || blocks * BLOCK >= size;
}

/** Whether blocks for a copy are to be reserved: a full disk is noticed before the work. */
export function isWorthReserving(status: FileStatus): boolean {
  return status.size >= RESERVE_FROM && isDense(status);
}

/**
 * Runs `move` over the data of a file that is not dense, leaving its holes holes. Only for filesystems that are
 * known to tell the truth about them. Returns the bytes that are in place, holes included, or a negative error
 * number.
 */
export function moveSegments<B extends SeekBindings>(
  bindings: B,
  transfer: Transfer,
  whence: Whence,
  move: MoveBytes<B>,
): number {
  const { source, destination } = transfer;
  const { size } = transfer.status;
  let position = 0;
  while (position < size) {
    const start = bindings.lseek(source, position, whence.data);
    if (start === -ENXIO) break;
    // The filesystem cannot tell: all of the rest counts as data.
    if (start === -EINVAL) return moveFrom(position, size - position);
    if (start < 0) return start;
    if (start >= size) break;
    const found = bindings.lseek(source, start, whence.hole);
    const end = found > start ? Math.min(found, size) : size;
    const moved = moveFrom(start, end - start);
    if (moved < end) return moved;
    position = end;
  }
  if (position === size) return size;
  // A hole at the end, which nothing has written.
  const result = bindings.ftruncate(destination, size);
  return result < 0 ? result : size;

  function moveFrom(start: number, length: number): number {
    const sought = bindings.lseek(source, start, SEEK_SET);
    if (sought < 0) return sought;
    const copied = bindings.lseek(destination, start, SEEK_SET);
    if (copied < 0) return copied;
    const moved = move(bindings, transfer, length, start);
    return moved < 0 ? moved : start + moved;
  }
}
