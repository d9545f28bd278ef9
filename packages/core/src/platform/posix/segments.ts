import { EFBIG, EINVAL, ENXIO } from '../errno.ts';
import type { FileStatus } from '../status.ts';
import type { Transfer } from '../system.ts';

const BLOCK = 512;
const SEEK_SET = 0;
/**
 * In bytes. Smaller files count as dense: holes in them are not worth a search, and a file that is stored in its
 * inode has no blocks at all.
 */
export const SMALLEST_SPARSE: number = 64 * 1024;

/** The system calls that find holes and keep them. */
export interface SeekBindings {
  lseek(fd: number, offset: number, whence: number): number;
  ftruncate(fd: number, size: number): number;
}

/** The numbers of `SEEK_DATA` and `SEEK_HOLE`. */
export interface Whence {
  readonly data: number;
  readonly hole: number;
}

/**
 * Copies `size` bytes from the source's position to the destination's; `already` bytes were copied before. Returns
 * the number of bytes, or a negative error number.
 */
type MoveBytes<B> = (bindings: B, transfer: Transfer, size: number, already: number) => number;

/** In bytes. Blocks are reserved for files of this size and more. */
const RESERVE_FROM = 16 * 1024 * 1024;

/** Whether a file has no holes, judged by its size and its number of blocks. */
export function isDense({ size, blocks }: FileStatus): boolean {
  return size < SMALLEST_SPARSE || blocks * BLOCK >= size;
}

/** Whether to reserve the blocks of a copy, so that a full disk is noticed before the work. */
export function isWorthReserving(status: FileStatus): boolean {
  return status.size >= RESERVE_FROM && isDense(status);
}

/**
 * Moves to a position of the destination. Returns 0 or a negative error number: where the filesystem cannot hold a
 * file so large, lseek() reports EINVAL, and write() would report EFBIG.
 */
export function seekToWrite({ lseek }: SeekBindings, fd: number, position: number): number {
  const result = lseek(fd, position, SEEK_SET);
  return result === -EINVAL ? -EFBIG : Math.min(result, 0);
}

/**
 * Calls `move` for each part of a file that holds data, so that its holes stay holes. Only for filesystems that are
 * known to report holes correctly. Returns the number of bytes, holes included, or a negative error number.
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
    // The filesystem cannot tell data from holes: copy all of the rest.
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
  // The file ends in a hole, which no write has reached.
  const result = bindings.ftruncate(destination, size);
  return result < 0 ? result : size;

  function moveFrom(start: number, length: number): number {
    const sought = bindings.lseek(source, start, SEEK_SET);
    if (sought < 0) return sought;
    const reached = seekToWrite(bindings, destination, start);
    if (reached < 0) return reached;
    const moved = move(bindings, transfer, length, start);
    return moved < 0 ? moved : start + moved;
  }
}
