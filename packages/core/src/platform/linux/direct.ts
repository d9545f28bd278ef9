import { classifyDirect } from '../posix/errors.ts';
import { alignedBuffer, endWithZeros, seekToWrite } from '../posix/read-write.ts';
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
      return endWithZeros(bindings, transfer, copyAligned(bindings, transfer, size, 0, ALIGNMENT));
  }
}

/** Copies like `copyBytes`, but past the page cache. */
function copyAligned(
  bindings: Bindings,
  transfer: Transfer,
  size: number,
  already: number,
  block = 0,
): number {
  const { destination } = transfer;
  const calls = {
    buffer: alignedBuffer(),
    read: bindings.read,
    /** Direct I/O cannot write a part of a block: the end of the file is written through the cache, as GNU dd does. */
    write(bytes: Buffer) {
      const aligned = bytes.length - (bytes.length % ALIGNMENT);
      if (aligned > 0) return bindings.write(destination, bytes, aligned);
      return setDirect(bindings, destination, false) || bindings.write(destination, bytes, bytes.length);
    },
    seek: (position: number) => seekToWrite(bindings, destination, position),
  };
  return copyThrough(calls, transfer, size, already, block);
}

function setDirect(bindings: Bindings, fd: number, on: boolean): number {
  const flags = bindings.fcntl(fd, F_GETFL, 0);
  if (flags < 0) return flags;
  return bindings.fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT);
}
