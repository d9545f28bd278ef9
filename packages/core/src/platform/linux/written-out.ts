import type { Bindings } from './bindings.ts';
import {
  FIEMAP_EXTENT_DELALLOC,
  FIEMAP_EXTENT_LAST,
  FIEMAP_EXTENT_UNKNOWN,
  FIEMAP_EXTENT_UNWRITTEN,
  FS_IOC_FIEMAP,
  layouts,
} from './constants.ts';

/** A file with more extents counts as not written out. */
const MOST_EXTENTS = 64;
const IN_MEMORY = FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_UNWRITTEN;
const WORD = 4;
const { 'struct fiemap': MAP, 'struct fiemap_extent': EXTENT } = layouts;

/**
 * Whether all data of a new file is on the disk, as far as its filesystem reports it. New data in memory that
 * overwrites existing blocks is not noticed.
 */
export function isWrittenOut(bindings: Bindings, fd: number): boolean {
  const map = new Uint32Array((MAP.size + MOST_EXTENTS * EXTENT.size) / WORD);
  map.fill(0xffff_ffff, MAP.fm_length / WORD, MAP.fm_length / WORD + 2);
  map[MAP.fm_extent_count / WORD] = MOST_EXTENTS;
  if (bindings.ioctlMemory(fd, FS_IOC_FIEMAP, map) < 0) return false;
  const count = map[MAP.fm_mapped_extents / WORD]!;
  let flags = FIEMAP_EXTENT_LAST;
  for (let extent = 0; extent < count; extent++) {
    const at = MAP.size + extent * EXTENT.size + EXTENT.fe_flags;
    flags = map[at / WORD]!;
    if (flags & IN_MEMORY) return false;
  }
  return (flags & FIEMAP_EXTENT_LAST) !== 0;
}
