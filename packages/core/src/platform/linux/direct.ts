import { classifyDirect } from '../posix/errors.ts';
import {
  alignedBuffer,
  endWithZeros,
  seekToWrite,
  type Write,
  writeAll,
  writeWithoutZeros,
} from '../posix/read-write.ts';
import type { Strategy, Transfer } from '../system.ts';
import { ALIGNMENT, copyThrough } from '../through-buffer.ts';
import type { Bindings } from './bindings.ts';
import { F_GETFL, F_SETFL, O_DIRECT } from './constants.ts';
import { holesOf, moveSegments } from './holes.ts';

/** Copies past the page cache, so that a large copy does not push other data out of it. */
export function direct(bindings: Bindings): Strategy {
  return {
    method: 'direct',
    syscall: 'read/write(O_DIRECT)',
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
      return moveSegments(bindings, transfer, copyAligned);
    default:
      return endWithZeros(bindings, transfer, copyAligned(bindings, transfer, size, 0, writeSparsely));
  }
}

/** Copies like `copyBytes`, in whole blocks except the last one. */
function copyAligned(
  bindings: Bindings,
  transfer: Transfer,
  size: number,
  already: number,
  write: Write = writeAll,
): number {
  const { destination } = transfer;
  const calls = {
    buffer: alignedBuffer(),
    read: bindings.read,
    write(buffer: Buffer, got: number, position: number) {
      const aligned = got - (got % ALIGNMENT);
      return (
        write(bindings, destination, buffer, aligned, position) ||
        writeTail(bindings, destination, buffer, aligned, got)
      );
    },
  };
  return copyThrough(calls, transfer, size, already);
}

/** Skips blocks of zeros. Leaves the file's position after `size` bytes, also if the last ones were skipped. */
const writeSparsely: Write = (bindings, fd, buffer, size, position) =>
  writeWithoutZeros(bindings, fd, buffer, size, position) || seekToWrite(bindings, fd, position + size);

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
