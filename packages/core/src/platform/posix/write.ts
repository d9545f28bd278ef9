import { eachPartWithData } from '../zeros.ts';
import { type SeekBindings, seekToWrite } from './segments.ts';

const SEEK_END = 2;
/**
 * Bytes of a block. Only whole blocks of zeros are skipped: the block size of most filesystems, and aligned enough
 * for direct I/O.
 */
const BLOCK = 4096;

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

/**
 * Writes `size` bytes to `position` of a file that has no data from there on, and skips blocks that are all zeros.
 * Call {@link endWithZeros} after the last part. Returns 0 or a negative error number.
 */
export function writeWithoutZeros(
  bindings: ReadWriteBindings,
  fd: number,
  buffer: Buffer,
  size: number,
  position: number,
): number {
  return eachPartWithData(buffer, size, BLOCK, (start, end) => {
    const sought = seekToWrite(bindings, fd, position + start);
    return sought < 0 ? sought : writeAll(bindings, fd, buffer.subarray(start, end), end - start);
  });
}

/** Extends a file to `size` bytes if its end was skipped. Returns 0 or a negative error number. */
export function endWithZeros(bindings: ReadWriteBindings, fd: number, size: number): number {
  const end = bindings.lseek(fd, 0, SEEK_END);
  if (end < 0) return end;
  return end < size ? bindings.ftruncate(fd, size) : 0;
}
