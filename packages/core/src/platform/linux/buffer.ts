import { createRequire } from 'node:module';

/** Enough for any device's logical block and for every page size below 64 KiB. */
const ALIGNMENT = 4096;

/** Bytes of the buffer each thread copies through where the kernel cannot copy by itself. */
export const BUFFER_BYTES: number = 1024 * 1024;

let buffer: Buffer | undefined;

/** One page-aligned buffer per thread, outside the JavaScript heap, as O_DIRECT needs it. */
export function alignedBuffer(): Buffer {
  if (!buffer) {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const whole = Buffer.allocUnsafeSlow(BUFFER_BYTES + ALIGNMENT);
    const misaligned = Number(koffi.address(whole) % BigInt(ALIGNMENT));
    const start = misaligned === 0 ? 0 : ALIGNMENT - misaligned;
    buffer = whole.subarray(start, start + BUFFER_BYTES);
  }
  return buffer;
}

export { ALIGNMENT };
