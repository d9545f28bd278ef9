import fs from 'node:fs';

/** `fs.readSync`, made again where a signal interrupts it: Node.js does that for every other call. */
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
