/** Copying this many bytes takes only part of a slice, even if every byte has to be copied. */
export const SMALL_FILE: number = 256 * 1024;
/** Copying this many bytes takes less than a slice, unless the disk is slow. */
export const MEDIUM_FILE: number = 4 * 1024 * 1024;
/** For a file larger than this, it is worth calling {@link WayFacts.bytesLeft}. */
export const LARGE_FILE: number = 64 * 1024 * 1024;
/**
 * The calling thread copies this many bytes in slices. It takes as long as two workers take to start and to copy them
 * (two processors, 4 files of 100 MB on ext4), and needs 20 MB less memory.
 */
export const MOST_SLICED: number = 512 * 1024 * 1024;

/** What is known about a file that the calling thread is about to copy. */
export interface WayFacts {
  /** In bytes. */
  size: number;
  /** The file may be clonable: nothing has shown that it is not. */
  mayClone: boolean;
  /** Whether the file's data is on the disk: a clone waits until it is. */
  isWritten: () => boolean;
  /** No other thread may take the file. */
  isAlone: boolean;
  /** The copying of its bytes can pause. */
  maySlice: boolean;
  /** Total bytes of the files that were copied in slices before. */
  sliced: number;
  /** Bytes of the other files that are not copied yet, counted up to {@link MOST_SLICED}. */
  bytesLeft: () => number;
}

/**
 * How the calling thread copies a file without being blocked for long: `whole`, at once; in `slices`; by `clone`, or
 * if that fails as `otherwise` says; `worker` means that it leaves the file to a worker.
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
