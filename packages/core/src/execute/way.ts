/** Copying this many bytes takes a part of a slice only, also where every byte has to be moved. */
export const SMALL_FILE: number = 256 * 1024;
/** Copying this many bytes takes less than a slice, unless the disk is waited for. */
export const MEDIUM_FILE: number = 4 * 1024 * 1024;
/** For a larger file it is worth asking how many bytes there are besides it. */
export const LARGE_FILE: number = 64 * 1024 * 1024;
/**
 * The calling thread copies this many bytes in slices. It takes as long as two workers take to start and to copy them (two
 * processors, 4 files of 100 MB on ext4), and needs 20 MB less memory.
 */
export const MOST_SLICED: number = 512 * 1024 * 1024;

/** What is known of a file that the calling thread is about to copy. */
export interface WayFacts {
  /** Bytes. */
  size: number;
  /** Nothing has told yet that it cannot be cloned. */
  mayClone: boolean;
  /** Whether it has reached the disk: to clone it waits for that. */
  isWritten: () => boolean;
  /** No other thread may take it. */
  isAlone: boolean;
  /** What moves its bytes can pause. */
  maySlice: boolean;
  /** Bytes of the files that were copied in slices before. */
  sliced: number;
  /** Bytes of the other files that are not copied yet, counted up to {@link MOST_SLICED}. */
  bytesLeft: () => number;
}

/**
 * How the calling thread copies a file without being held: `whole`, at once; in `slices`; by a clone, and if that fails as
 * `otherwise` says; or `worker`, which means that it leaves the file to one.
 */
export type Way = 'whole' | 'slices' | 'worker' | { clone: true; otherwise: 'slices' | 'worker' };

export function chooseWay(facts: WayFacts): Way {
  const { size, mayClone, isWritten, isAlone, maySlice, sliced, bytesLeft } = facts;
  if (size <= SMALL_FILE) return 'whole';
  const isWaitedFor = mayClone && !isWritten();
  if (size <= MEDIUM_FILE && !isWaitedFor) return 'whole';
  if (!isAlone || isWaitedFor) return 'worker';
  const others = sliced + (size > LARGE_FILE ? bytesLeft() : 0);
  const otherwise = maySlice && others + size <= MOST_SLICED ? 'slices' : 'worker';
  return mayClone ? { clone: true, otherwise } : otherwise;
}
