import fs from 'node:fs';

/** The most bytes that one read may ask for: Node.js refuses 2 GiB. */
const MOST_READ = 1024 ** 3;

/** `fs.readSync`, repeated if a signal interrupts it. Node.js repeats every other call by itself. */
export function readSync(
  fd: number,
  into: Uint8Array,
  offset: number,
  length: number,
  position: number | null,
): number {
  for (;;) {
    try {
      return fs.readSync(fd, into, offset, length, position);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINTR') throw error;
    }
  }
}

/**
 * Reads until the buffer is full or the file ends, and returns the number of bytes: one read may return fewer than
 * there are. `at` is the position in the file; null: its current one.
 */
export function readUpTo(fd: number, into: Uint8Array, at: number | null): number {
  let done = 0;
  while (done < into.length) {
    const length = Math.min(into.length - done, MOST_READ);
    const got = readSync(fd, into, done, length, at === null ? null : at + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

/** The first bytes of a file, at most `most`. */
export function readStart(file: string, flags: string | number, most: number): Buffer {
  const fd = fs.openSync(file, flags);
  try {
    const start = Buffer.alloc(most);
    return start.subarray(0, readUpTo(fd, start, null));
  } finally {
    fs.closeSync(fd);
  }
}
