import { EINVAL, ENXIO } from '../errno.ts';
import { isDense, seekToWrite } from '../posix/read-write.ts';
import type { Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { layouts, SEEK_DATA, SEEK_HOLE, SEEK_SET } from './constants.ts';
import { copiesByItself, tellsHoles } from './filesystems.ts';

/**
 * What is known about the holes of a source: it has `none`; SEEK_DATA and SEEK_HOLE `tell` them; the filesystem
 * copies whole files by `itself`; or the holes are `unknown`, and the file has to be read.
 */
export type Holes = 'none' | 'tell' | 'itself' | 'unknown';

const statfs = new Uint32Array(layouts['struct statfs'].size / 4);

/** Queries the filesystem of the open source, not of its directory: a link may lead to another one. */
export function holesOf(bindings: Bindings, { source, status }: Transfer): Holes {
  if (isDense(status)) return 'none';
  if (bindings.fstatfs(source, statfs) < 0) return 'unknown';
  const type = statfs[0]!;
  if (copiesByItself(type)) return 'itself';
  // A file without blocks is one hole, or its filesystem does not count blocks: only reading shows which.
  return status.blocks > 0 && tellsHoles(type) ? 'tell' : 'unknown';
}

/**
 * Calls `move` for each part of a file that holds data, so that its holes stay holes. Only for filesystems that are
 * known to report holes correctly. `move` copies `size` bytes from the source's position to the destination's;
 * `already` bytes were copied before. Both return the number of bytes, holes included, or a negative error number.
 */
export function moveSegments(
  bindings: Bindings,
  transfer: Transfer,
  move: (bindings: Bindings, transfer: Transfer, size: number, already: number) => number,
): number {
  const { source, destination } = transfer;
  const { size } = transfer.status;
  let position = 0;
  while (position < size) {
    const start = bindings.lseek(source, position, SEEK_DATA);
    if (start === -ENXIO) break;
    // The filesystem cannot tell data from holes: copy all of the rest.
    if (start === -EINVAL) return moveFrom(position, size - position);
    if (start < 0) return start;
    if (start >= size) break;
    const found = bindings.lseek(source, start, SEEK_HOLE);
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
