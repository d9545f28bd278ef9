import { isDense } from '../posix/segments.ts';
import type { Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { STATFS_LAYOUT } from './constants.ts';
import { copiesByItself, tellsHoles } from './filesystems.ts';

/**
 * What is known about the holes of a source: it has `none`; SEEK_DATA and SEEK_HOLE `tell` them; the filesystem
 * copies whole files by `itself`; or the holes are `unknown`, and the file has to be read.
 */
export type Holes = 'none' | 'tell' | 'itself' | 'unknown';

const statfs = new Uint32Array(STATFS_LAYOUT.size / 4);

/** Queries the filesystem of the open source, not of its directory: a link may lead to another one. */
export function holesOf(bindings: Bindings, { source, status }: Transfer): Holes {
  if (isDense(status)) return 'none';
  if (bindings.fstatfs(source, statfs) < 0) return 'unknown';
  // The field has 64 bits with the number in the lower half; on s390x it has 32 bits.
  const type = statfs[0]! || statfs[1]!;
  if (copiesByItself(type)) return 'itself';
  // A file without blocks is one hole, or its filesystem does not count blocks: only reading shows which.
  return status.blocks > 0 && tellsHoles(type) ? 'tell' : 'unknown';
}
