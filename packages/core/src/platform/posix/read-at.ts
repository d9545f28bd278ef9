import { alignedBuffer, BUFFER_BYTES } from './buffer.ts';

interface ReadBindings {
  lseek(fd: number, offset: number, whence: number): number;
  read(fd: number, buffer: Uint8Array, size: number): number;
}

const SEEK_SET = 0;

/** Reads from a position, also of a file that is open for direct I/O. Returns how many bytes, or a negative error number. */
export function readAt(bindings: ReadBindings, fd: number, into: Uint8Array, position: number): number {
  const sought = bindings.lseek(fd, position, SEEK_SET);
  if (sought < 0) return sought;
  const buffer = alignedBuffer();
  const got = bindings.read(fd, buffer, Math.min(into.length, BUFFER_BYTES));
  if (got > 0) into.set(buffer.subarray(0, got));
  return got;
}
