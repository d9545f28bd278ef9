/** What a block is compared with: allocated when it is needed first. */
let zeros: Buffer | undefined;

/** Whether a part of a buffer is all zeros. */
function isZero(buffer: Buffer, start: number, end: number): boolean {
  if (buffer[start] !== 0) return false;
  const length = end - start;
  if (!zeros || zeros.length < length) zeros = Buffer.alloc(length);
  return buffer.compare(zeros, 0, length, start, end) === 0;
}

/**
 * Calls `write` with the parts of a buffer's first `size` bytes that hold data, leaving out blocks that are all
 * zeros. It returns a negative error number to end. Returns 0 or that.
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
