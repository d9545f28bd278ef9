import fs from 'node:fs';

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
