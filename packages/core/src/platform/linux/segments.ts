import type { Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { EINVAL, ENXIO, SEEK_DATA, SEEK_HOLE, SEEK_SET } from './constants.ts';

const BLOCK = 512;
/** Holes below this are not worth looking for, and inline files have no blocks at all. */
const SMALLEST_SPARSE = 64 * 1024;

/**
 * Moves `size` bytes from both files' positions; `already` are in place before. Returns how many, or a
 * negative error number.
 */
type MoveBytes = (bindings: Bindings, transfer: Transfer, size: number, already: number) => number;

/**
 * Runs `move` over a file's data, leaving its holes holes. A dense file is one segment. Returns the bytes
 * that are in place, holes included, or a negative error number.
 */
export function moveSegments(bindings: Bindings, transfer: Transfer, move: MoveBytes): number {
  const { size, blocks } = transfer.status;
  const dense = size < SMALLEST_SPARSE || blocks * BLOCK >= size;
  return dense ? move(bindings, transfer, size, 0) : moveSparse(bindings, transfer, size, move);
}

function moveSparse(bindings: Bindings, transfer: Transfer, size: number, move: MoveBytes): number {
  const { source, destination } = transfer;
  let position = 0;
  while (position < size) {
    const start = bindings.lseek(source, position, SEEK_DATA);
    if (start === -ENXIO) break;
    // The filesystem cannot tell: all of the rest counts as data.
    if (start === -EINVAL) return moveFrom(position, size - position);
    if (start < 0) return start;
    if (start >= size) break;
    const found = bindings.lseek(source, start, SEEK_HOLE);
    const end = found > start ? Math.min(found, size) : size;
    const moved = moveFrom(start, end - start);
    if (moved < end) return moved;
    position = end;
  }
  // A hole at the end, which nothing has written.
  const result = bindings.ftruncate(destination, size);
  return result < 0 ? result : size;

  function moveFrom(start: number, length: number): number {
    const sought = bindings.lseek(source, start, SEEK_SET);
    if (sought < 0) return sought;
    const placed = bindings.lseek(destination, start, SEEK_SET);
    if (placed < 0) return placed;
    const moved = move(bindings, transfer, length, start);
    return moved < 0 ? moved : start + moved;
  }
}
