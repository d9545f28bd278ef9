import type { Strategy, Transfer } from '../system.ts';
import { eachPartWithData } from '../zeros.ts';
import type { Bindings } from './bindings.ts';
import { classifyReadWrite } from './errors.ts';
import { eachRange, isSparse, setSize, setSparse, tellsHoles } from './sparse.ts';

/** Bytes per ReadFile. */
const CHUNK = 256 * 1024;

/** Bytes: the unit in which NTFS allocates a sparse file. */
const SPARSE_BLOCK = 64 * 1024;

let shared: Buffer | undefined;

/**
 * Copies through a buffer, one per thread: the fallback of all other strategies, the first one for small files, and
 * the one that keeps holes.
 */
export function readWrite(bindings: Bindings): Strategy {
  return {
    method: 'read_write',
    syscall: 'ReadFile/WriteFile',
    clones: false,
    creates: false,
    classify: classifyReadWrite,
    run: (transfer) =>
      isSparse(bindings, transfer)
        ? copySparse(bindings, transfer)
        : pump(bindings, transfer, transfer.status.size, 0),
  };
}

function copySparse(bindings: Bindings, transfer: Transfer): number {
  const { source, destination, status } = transfer;
  // Errors are ignored: if the destination cannot be sparse (FAT), the skipped parts read as zeros and take space.
  setSparse(bindings, destination, true);
  const sized = setSize(bindings, destination, status.size);
  if (sized < 0) return sized;
  if (!tellsHoles(bindings, transfer)) return pump(bindings, transfer, status.size, 0, writeWithoutZeros);
  const result = eachRange(bindings, transfer, (start, end) => {
    const sought = bindings.setFilePointer(source, start);
    if (sought < 0) return sought;
    const copied = bindings.setFilePointer(destination, start);
    return copied < 0 ? copied : pump(bindings, transfer, end - start, start);
  });
  return result < 0 ? result : status.size;
}

/**
 * Copies up to `size` bytes or to the end of the file; `already` bytes were copied before. Returns the number of
 * bytes, or a negative error number.
 */
function pump(
  bindings: Bindings,
  { source, destination, progress }: Transfer,
  size: number,
  already: number,
  write: Write = writeAll,
): number {
  shared ??= Buffer.allocUnsafeSlow(CHUNK);
  let done = 0;
  while (done < size) {
    const got = bindings.readFile(source, shared, Math.min(size - done, CHUNK));
    if (got <= 0) return got < 0 ? got : done;
    const written = write(bindings, destination, shared, got, already + done);
    if (written < 0) return written;
    done += got;
    progress(already + done);
  }
  return done;
}

/** Writes the first `size` bytes of a buffer to `position` of a file. Returns 0 or a negative error number. */
type Write = (bindings: Bindings, handle: number, buffer: Buffer, size: number, position: number) => number;

/** Does the same, but skips blocks that are all zeros. The file has to be sparse and have its length already. */
const writeWithoutZeros: Write = (bindings, handle, buffer, size, position) =>
  eachPartWithData(buffer, size, SPARSE_BLOCK, (start, end) => {
    const copied = bindings.setFilePointer(handle, position + start);
    return copied < 0 ? copied : writeAll(bindings, handle, buffer.subarray(start, end), end - start);
  });

function writeAll(bindings: Bindings, handle: number, buffer: Buffer, size: number): number {
  let done = 0;
  while (done < size) {
    const written = bindings.writeFile(handle, done === 0 ? buffer : buffer.subarray(done), size - done);
    if (written < 0) return written;
    done += written;
  }
  return 0;
}
