import type { SeekBindings } from './segments.ts';

/** The system calls of a copy through a buffer. */
export interface ReadWriteBindings extends SeekBindings {
  read(fd: number, buffer: Uint8Array, size: number): number;
  write(fd: number, buffer: Uint8Array, size: number): number;
}

/** Writes `size` bytes, however many calls it takes. Returns 0 or a negative error number. */
export function writeAll(bindings: ReadWriteBindings, fd: number, buffer: Buffer, size: number): number {
  let done = 0;
  while (done < size) {
    const written = bindings.write(fd, done === 0 ? buffer : buffer.subarray(done), size - done);
    if (written < 0) return written;
    done += written;
  }
  return 0;
}
