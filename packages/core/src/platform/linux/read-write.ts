import type { Strategy, Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { alignedBuffer, BUFFER_BYTES } from './buffer.ts';
import { POSIX_FADV_DONTNEED } from './constants.ts';
import { classifyReadWrite } from './errors.ts';
import { moveSegments } from './segments.ts';

/** Bytes per read(): coreutils found 256 KiB best across machines. */
const CHUNK = 256 * 1024;

/** Copies through a buffer: the last lane everywhere, and the fastest for small files that cannot be cloned. */
export function readWrite(bindings: Bindings, { bypassCache }: { bypassCache: boolean }): Strategy {
  return {
    method: 'read_write',
    syscall: 'read/write',
    clones: false,
    creates: false,
    classify: classifyReadWrite,
    run(transfer) {
      const result = copy(bindings, transfer);
      if (bypassCache && result > 0) {
        // Where O_DIRECT is refused, the pages are at least given back once they are on the disk.
        bindings.fdatasync(transfer.destination);
        bindings.posixFadvise(transfer.destination, 0, 0, POSIX_FADV_DONTNEED);
        bindings.posixFadvise(transfer.source, 0, 0, POSIX_FADV_DONTNEED);
      }
      return result;
    },
  };
}

function copy(bindings: Bindings, transfer: Transfer): number {
  // /proc and some FUSE files say that they are empty: only reading to the end tells.
  if (transfer.status.size === 0) return pump(bindings, transfer, Number.POSITIVE_INFINITY, 0);
  return moveSegments(bindings, transfer, pump);
}

/** Copies up to `size` bytes or to the end of the file. Returns how many, or a negative error number. */
function pump(bindings: Bindings, transfer: Transfer, size: number, already: number): number {
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
export function writeAll(bindings: Bindings, fd: number, buffer: Buffer, size: number): number {
  let done = 0;
  while (done < size) {
    const written = bindings.write(fd, done === 0 ? buffer : buffer.subarray(done), size - done);
    if (written < 0) return written;
    done += written;
  }
  return 0;
}
