import { ALIGNMENT, alignedBuffer, BUFFER_BYTES } from '../posix/buffer.ts';
import { classifyDirect } from '../posix/errors.ts';
import { moveSegments, seekToWrite } from '../posix/segments.ts';
import { endWithZeros, writeAll, writeWithoutZeros } from '../posix/write.ts';
import type { Strategy, Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { F_GETFL, F_SETFL, O_DIRECT, WHENCE } from './constants.ts';
import { holesOf } from './holes.ts';

/** Copies past the page cache, so that a large copy does not push other data out of it. */
export function direct(bindings: Bindings): Strategy {
  return {
    method: 'direct',
    syscall: 'read/write(O_DIRECT)',
    clones: false,
    creates: false,
    classify: classifyDirect,
    run(transfer) {
      const switched =
        setDirect(bindings, transfer.source, true) || setDirect(bindings, transfer.destination, true);
      const result = switched < 0 ? switched : move(bindings, transfer);
      if (result < 0) {
        // Restores the flags of both files for the next strategy.
        setDirect(bindings, transfer.source, false);
        setDirect(bindings, transfer.destination, false);
      }
      return result;
    },
  };
}

function move(bindings: Bindings, transfer: Transfer): number {
  const { size } = transfer.status;
  switch (holesOf(bindings, transfer)) {
    case 'none':
      return copyAligned(bindings, transfer, size, 0);
    case 'tell':
      return moveSegments(bindings, transfer, WHENCE, copyAligned);
    default: {
      const done = copyAligned(bindings, transfer, size, 0, true);
      if (done < 0) return done;
      const ended = endWithZeros(bindings, transfer.destination, done);
      return ended < 0 ? ended : done;
    }
  }
}

/**
 * Copies up to `size` bytes or to the end of the file. `withoutZeros` skips blocks of zeros. Returns the number of
 * bytes, or a negative error number.
 */
function copyAligned(
  bindings: Bindings,
  { source, destination, progress }: Transfer,
  size: number,
  already: number,
  withoutZeros = false,
): number {
  const buffer = alignedBuffer();
  let done = 0;
  while (done < size) {
    // Direct I/O reads only whole blocks, even if less than one is left.
    const read = bindings.read(source, buffer, Math.min(roundUp(size - done), BUFFER_BYTES));
    if (read <= 0) return read < 0 ? read : done;
    const got = Math.min(read, size - done);
    const aligned = got - (got % ALIGNMENT);
    const written =
      (withoutZeros
        ? writeWithoutZeros(bindings, destination, buffer, aligned, already + done) ||
          seekToWrite(bindings, destination, already + done + aligned)
        : writeAll(bindings, destination, buffer, aligned)) ||
      writeTail(bindings, destination, buffer, aligned, got);
    if (written < 0) return written;
    done += got;
    progress(already + done);
  }
  return done;
}

function roundUp(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

/**
 * Writes the last part, which is not a whole block, through the cache: direct I/O cannot write it. GNU dd does the
 * same.
 */
function writeTail(bindings: Bindings, fd: number, buffer: Buffer, from: number, to: number): number {
  if (from === to) return 0;
  const switched = setDirect(bindings, fd, false);
  return switched < 0 ? switched : writeAll(bindings, fd, buffer.subarray(from), to - from);
}

function setDirect(bindings: Bindings, fd: number, on: boolean): number {
  const flags = bindings.fcntl(fd, F_GETFL, 0);
  if (flags < 0) return flags;
  return bindings.fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT);
}
