import { createRequire } from 'node:module';

/** Alignment of direct I/O on Linux, in bytes: enough for any logical block, whatever the kernel reports. */
export const ALIGNMENT = 4096;

/** A page is 4 KiB on most processors and 16 KiB on Apple's. */
const PAGE = 16 * 1024;

/** Bytes of the buffer that each thread copies through if the kernel cannot copy by itself. */
export const BUFFER_BYTES: number = 1024 * 1024;

let buffer: Buffer | undefined;

/** The buffer of this thread, outside the JavaScript heap and page-aligned, as I/O past the page cache needs it. */
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
