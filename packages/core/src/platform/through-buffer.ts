import type { Transfer } from './system.ts';

/** Alignment of direct I/O on Linux, in bytes: enough for any logical block, whatever the kernel reports. */
export const ALIGNMENT = 4096;

/** The calls and the buffer of a copy through memory. */
interface Buffered {
  buffer: Buffer;
  /** Returns the number of bytes, 0 at the end of the file, or a negative error number. */
  read(fd: number, buffer: Buffer, size: number, position: number): number;
  /** Writes the first `size` bytes of the buffer to `position`. Returns 0 or a negative error number. */
  write(buffer: Buffer, size: number, position: number): number;
}

/**
 * Copies up to `size` bytes or to the end of the file; `already` bytes were copied before. Returns the number of
 * bytes, or a negative error number.
 */
export function copyThrough(
  { buffer, read, write }: Buffered,
  { source, progress }: Transfer,
  size: number,
  already: number,
): number {
  let done = 0;
  while (done < size) {
    // Direct I/O reads only whole blocks, even if less than one is left.
    const wanted = Math.min(Math.ceil((size - done) / ALIGNMENT) * ALIGNMENT, buffer.length);
    const result = read(source, buffer, wanted, already + done);
    if (result <= 0) return result < 0 ? result : done;
    const got = Math.min(result, size - done);
    const written = write(buffer, got, already + done);
    if (written < 0) return written;
    done += got;
    progress(already + done);
  }
  return done;
}

/**
 * Writes the first `size` bytes of a buffer, however many calls it takes; `done` bytes were written before a call.
 * Returns 0 or a negative error number.
 */
export function writeWhole(
  buffer: Buffer,
  size: number,
  write: (part: Buffer, size: number, done: number) => number,
): number {
  let done = 0;
  while (done < size) {
    const written = write(done === 0 ? buffer : buffer.subarray(done), size - done, done);
    if (written < 0) return written;
    done += written;
  }
  return 0;
}

/** Zeros to compare a block with, allocated at the first use. */
let zeros: Buffer | undefined;

/** Whether a part of a buffer is all zeros. */
function isZero(buffer: Buffer, start: number, end: number): boolean {
  if (buffer[start] !== 0) return false;
  const length = end - start;
  if (!zeros || zeros.length < length) zeros = Buffer.alloc(length);
  return buffer.compare(zeros, 0, length, start, end) === 0;
}

/**
 * Calls `write` for each part of the first `size` bytes of a buffer that holds data, and skips blocks that are all
 * zeros. Ends early if `write` returns a negative error number. Returns that number, or 0.
 */
export function eachPartWithData(
  buffer: Buffer,
  size: number,
  block: number,
  write: (start: number, end: number) => number,
): number {
  const endOf = (start: number) => Math.min(start + block, size);
  for (let start = 0; start < size; ) {
    const skipped = isZero(buffer, start, endOf(start));
    let end = endOf(start);
    while (end < size && isZero(buffer, end, endOf(end)) === skipped) end = endOf(end);
    const written = skipped ? 0 : write(start, end);
    if (written < 0) return written;
    start = end;
  }
  return 0;
}
