import type { Transfer } from '../system.ts';
import { alignedBuffer, BUFFER_BYTES } from './buffer.ts';
import { isDense, moveSegments, type Whence } from './segments.ts';
import { endWithZeros, type ReadWriteBindings, writeAll, writeWithoutZeros } from './write.ts';

/** Bytes per read(): coreutils found 256 KiB best across machines. */
const CHUNK = 256 * 1024;

/**
 * Copies through the thread's buffer, in whole pages except the last one. `whence` finds the holes of a file that is
 * not dense. If it is undefined, because the filesystem's answer cannot be trusted, such a file is read to its end,
 * and blocks of zeros are not written. Returns the number of bytes, or a negative error number.
 */
export function copyThroughBuffer<B extends ReadWriteBindings>(
  bindings: B,
  transfer: Transfer,
  whence: Whence | undefined,
): number {
  const { size } = transfer.status;
  // Files in /proc and on some FUSE filesystems report that they are empty: only reading to the end shows the size.
  if (size === 0) return pump(bindings, transfer, Number.POSITIVE_INFINITY, 0);
  if (isDense(transfer.status)) return pump(bindings, transfer, size, 0);
  if (whence) return moveSegments(bindings, transfer, whence, pump);
  const done = pump(bindings, transfer, size, 0, writeWithoutZeros);
  if (done < 0) return done;
  const ended = endWithZeros(bindings, transfer.destination, done);
  return ended < 0 ? ended : done;
}

/** Writes the first `size` bytes of a buffer to `position` of a file. Returns 0 or a negative error number. */
type Write = (
  bindings: ReadWriteBindings,
  fd: number,
  buffer: Buffer,
  size: number,
  position: number,
) => number;

/**
 * Copies up to `size` bytes or to the end of the file; `already` bytes were copied before. Returns the number of
 * bytes, or a negative error number.
 */
function pump(
  bindings: ReadWriteBindings,
  transfer: Transfer,
  size: number,
  already: number,
  write: Write = writeAll,
): number {
  const { source, destination, progress } = transfer;
  const buffer = alignedBuffer();
  let done = 0;
  while (done < size) {
    const got = bindings.read(source, buffer, Math.min(size - done, CHUNK, BUFFER_BYTES));
    if (got <= 0) return got < 0 ? got : done;
    const written = write(bindings, destination, buffer, got, already + done);
    if (written < 0) return written;
    done += got;
    progress(already + done);
  }
  return done;
}
