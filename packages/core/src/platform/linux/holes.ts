import { isDense } from '../posix/segments.ts';
import type { Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { STATFS_LAYOUT } from './constants.ts';
import { copiesByItself, tellsHoles } from './filesystems.ts';

/**
 * What is known of a source's holes: it has `none`, SEEK_DATA and SEEK_HOLE `tell`, the filesystem copies whole
 * files by `itself`, or nothing is `unknown`: then the file has to be read.
 */
export type Holes = 'none' | 'tell' | 'itself' | 'unknown';

const statfs = new Uint32Array(STATFS_LAYOUT.size / 4);

/** Asks the filesystem of the open source, not of its directory: a link may lead elsewhere. */
export function holesOf(bindings: Bindings, { source, status }: Transfer): Holes {
  if (isDense(status)) return 'none';
  if (bindings.fstatfs(source, statfs) < 0) return 'unknown';
  // 64 bits, of which the number takes the lower half; 32 bits on s390x.
  const type = statfs[0]! || statfs[1]!;
  if (copiesByItself(type)) return 'itself';
  // A file without any block is one hole, or its filesystem does not count blocks: only reading tells.
  return status.blocks > 0 && tellsHoles(type) ? 'tell' : 'unknown';
}
