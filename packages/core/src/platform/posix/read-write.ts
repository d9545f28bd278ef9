import type { Transfer } from '../system.ts';
import { alignedBuffer, BUFFER_BYTES } from './buffer.ts';
import { moveSegments, type SeekBindings, type Whence } from './segments.ts';

/** Bytes per read(): coreutils found 256 KiB best across machines. */
const CHUNK = 256 * 1024;

/** The system calls of a copy through a buffer. */
export interface ReadWriteBindings extends SeekBindings {
  read(fd: number, buffer: Uint8Array, size: number): number;
  write(fd: number, buffer: Uint8Array, size: number): number;
}

/** Copies in whole pages but for the last. Returns how many bytes, or a negative error number. */
export function copyThroughBuffer<B extends ReadWriteBindings>(
  bindings: B,
  transfer: Transfer,
  whence: Whence,
): number {
  // /proc and some FUSE files say that they are empty: only reading to the end tells.
  if (transfer.status.size === 0) return pump(bindings, transfer, Number.POSITIVE_INFINITY, 0);
  return moveSegments(bindings, transfer, whence, pump);
}

/** Copies up to `size` bytes or to the end of the file. Returns how many, or a negative error number. */
function pump(bindings: ReadWriteBindings, transfer: Transfer, size: number, already: number): number {
  const { source, destination, progress } = transfer;
  const buffer = alignedBuffer();
  let done = 0;
  while (done < size) {
    const got = bindings.read(source, buffer, Math.min(size - done, CHUNK, BUFFER_BYTES));
    if (got <= 0) return got < 0 ? got : done;
    const written = writeAll(bindings, destination, buffer, got);
    if (written < 0) return written;
    done += got;
    progress(already + done);
  }
  return done;
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
