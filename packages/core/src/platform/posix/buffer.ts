import { createRequire } from 'node:module';

/** What direct I/O on Linux is aligned to where the kernel does not say: enough for any logical block. */
export const ALIGNMENT = 4096;

/** A page is 4 KiB on most processors and 16 KiB on Apple's. */
const PAGE = 16 * 1024;

/** Bytes of the buffer each thread copies through where the kernel cannot copy by itself. */
export const BUFFER_BYTES: number = 1024 * 1024;

let buffer: Buffer | undefined;

/** One page-aligned buffer per thread, outside the JavaScript heap, as I/O past the cache needs it. */
export function alignedBuffer(): Buffer {
  if (!buffer) {
    const koffi = createRequire(import.meta.url || __filename)('koffi') as typeof import('koffi');
    const whole = Buffer.allocUnsafeSlow(BUFFER_BYTES + PAGE);
    const misaligned = Number(koffi.address(whole) % BigInt(PAGE));
    const start = misaligned === 0 ? 0 : PAGE - misaligned;
    buffer = whole.subarray(start, start + BUFFER_BYTES);
  }
  return buffer;
}
