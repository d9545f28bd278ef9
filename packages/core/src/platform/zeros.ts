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
