import { createRequire } from 'node:module';
import { EFBIG, EINVAL } from '../errno.ts';
import type { FileStatus } from '../status.ts';
import type { Transfer } from '../system.ts';
import { copyThrough } from '../through-buffer.ts';
import type { PosixBindings } from './bindings.ts';

/** A page is 4 KiB on most processors and 16 KiB on Apple's. */
const PAGE = 16 * 1024;
const BUFFER_BYTES = 1024 * 1024;
/** Bytes per read(): coreutils found 256 KiB best across machines. */
const CHUNK = 256 * 1024;
/** Bytes of a block in the status of a file. */
const COUNTED_BLOCK = 512;
/**
 * Bytes of a block. Only whole blocks of zeros are skipped: the block size of most filesystems, and aligned enough
 * for direct I/O.
 */
const BLOCK = 4096;
/**
 * In bytes. Smaller files count as dense: holes in them are not worth a search, and a file that is stored in its
 * inode has no blocks at all.
 */
export const SMALLEST_SPARSE: number = 64 * 1024;
/** In bytes. Blocks are reserved for files of this size and more. */
const RESERVE_FROM = 16 * 1024 * 1024;
const SEEK_SET = 0;
const SEEK_END = 2;

let shared: Buffer | undefined;

/**
 * The buffer that this thread copies through if the kernel cannot copy by itself: outside the JavaScript heap, and
 * page-aligned, as I/O past the page cache needs it.
 */
export function alignedBuffer(): Buffer {
  if (!shared) {
    const koffi = createRequire(import.meta.url || __filename)('koffi') as typeof import('koffi');
    const whole = Buffer.allocUnsafeSlow(BUFFER_BYTES + PAGE);
    const misaligned = Number(koffi.address(whole) % BigInt(PAGE));
    const start = misaligned === 0 ? 0 : PAGE - misaligned;
    shared = whole.subarray(start, start + BUFFER_BYTES);
  }
  return shared;
}

/** Whether a file has no holes, judged by its size and its number of blocks. */
export function isDense({ size, blocks }: FileStatus): boolean {
  return size < SMALLEST_SPARSE || blocks * COUNTED_BLOCK >= size;
}

/** Whether to reserve the blocks of a copy, so that a full disk is noticed before the work. */
export function isWorthReserving(status: FileStatus): boolean {
  return status.size >= RESERVE_FROM && isDense(status);
}

/**
 * Copies through the thread's buffer, in whole pages except the last one. A file that may have holes is read to its
 * end, and blocks of zeros are not written. Returns the number of bytes, or a negative error number.
 */
export function copyThroughBuffer(bindings: PosixBindings, transfer: Transfer): number {
  const { size } = transfer.status;
  // Files in /proc and on some FUSE filesystems report that they are empty: only reading to the end shows the size.
  if (size === 0) return copyBytes(bindings, transfer, Number.POSITIVE_INFINITY, 0);
  if (isDense(transfer.status)) return copyBytes(bindings, transfer, size, 0);
  return endWithZeros(bindings, transfer, copyBytes(bindings, transfer, size, 0, BLOCK));
}

/**
 * Copies up to `size` bytes or to the end of the file; `already` bytes were copied before. If `block` is not 0, blocks
 * of zeros are not written: then call {@link endWithZeros} in the end. Returns the number of bytes, or a negative error
 * number.
 */
export function copyBytes(
  bindings: PosixBindings,
  transfer: Transfer,
  size: number,
  already: number,
  block = 0,
): number {
  const { destination } = transfer;
  const calls = {
    buffer: alignedBuffer().subarray(0, CHUNK),
    read: bindings.read,
    write: (bytes: Buffer) => bindings.write(destination, bytes, bytes.length),
    seek: (position: number) => seekToWrite(bindings, destination, position),
  };
  return copyThrough(calls, transfer, size, already, block);
}

/**
 * Extends the copy to its `size` if its end was skipped. Returns the size, or a negative error number. A `size` that
 * is an error number is returned.
 */
export function endWithZeros(bindings: PosixBindings, { destination }: Transfer, size: number): number {
  if (size < 0) return size;
  const end = bindings.lseek(destination, 0, SEEK_END);
  const result = end >= 0 && end < size ? bindings.ftruncate(destination, size) : end;
  return result < 0 ? result : size;
}

/**
 * Moves to a position of the destination. Returns 0 or a negative error number: where the filesystem cannot hold a
 * file so large, lseek() reports EINVAL, and write() would report EFBIG.
 */
export function seekToWrite({ lseek }: PosixBindings, fd: number, position: number): number {
  const result = lseek(fd, position, SEEK_SET);
  return result === -EINVAL ? -EFBIG : Math.min(result, 0);
}
