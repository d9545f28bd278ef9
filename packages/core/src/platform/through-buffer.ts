import type { Transfer } from './system.ts';

/** Alignment of direct I/O on Linux, in bytes: enough for any logical block, whatever the kernel reports. */
export const ALIGNMENT = 4096;

/** The calls and the buffer of a copy through memory. A call that fails returns a negative error number. */
interface Buffered {
  buffer: Buffer;
  /** Returns the number of bytes; 0 at the end of the file. */
  read(fd: number, buffer: Buffer, size: number, position: number): number;
  /** Writes bytes, or the first of them, to the destination. Returns the number of bytes that it wrote. */
  write(bytes: Buffer, position: number): number;
  /** Moves to a position of the destination, where the next bytes are written. Returns 0 or more. */
  seek(position: number): number;
}

/**
 * Copies up to `size` bytes or to the end of the file; `already` bytes were copied before. If `block` is not 0, blocks
 * of this many bytes that are all zeros are not written: the destination has no data from its position on, and the
 * caller sets its length. Returns the number of bytes, or a negative error number.
 */
export function copyThrough(
  calls: Buffered,
  { source, progress }: Transfer,
  size: number,
  already: number,
  block = 0,
): number {
  const { buffer, read } = calls;
  let done = 0;
  while (done < size) {
    // Direct I/O reads only whole blocks, even if less than one is left.
    const wanted = Math.min(Math.ceil((size - done) / ALIGNMENT) * ALIGNMENT, buffer.length);
    const result = read(source, buffer, wanted, already + done);
    if (result <= 0) return result < 0 ? result : done;
    const got = Math.min(result, size - done);
    const written =
      block === 0
        ? write(calls, 0, got, already + done)
        : writeWithoutZeros(calls, got, already + done, block);
    if (written < 0) return written;
    done += got;
    progress(already + done);
  }
  return done;
}

/**
 * Writes a part of the buffer, however many calls it takes; the start of the buffer belongs to `position`. Returns 0
 * or a negative error number.
 */
function write({ buffer, write }: Buffered, start: number, end: number, position: number): number {
  for (let done = start; done < end; ) {
    const written = write(buffer.subarray(done, end), position + done);
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

/** Writes the first `size` bytes of the buffer without the blocks that are all zeros. */
function writeWithoutZeros(calls: Buffered, size: number, position: number, block: number): number {
  const { buffer, seek } = calls;
  const endOf = (start: number) => Math.min(start + block, size);
  for (let start = 0; start < size; ) {
    const skipped = isZero(buffer, start, endOf(start));
    let end = endOf(start);
    while (end < size && isZero(buffer, end, endOf(end)) === skipped) end = endOf(end);
    const sought = skipped ? 0 : seek(position + start);
    const written = skipped || sought < 0 ? sought : write(calls, start, end, position);
    if (written < 0) return written;
    start = end;
  }
  return 0;
}
