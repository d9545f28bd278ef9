import { classifyReadWrite } from '../posix/errors.ts';
import { copyThroughBuffer } from '../posix/read-write.ts';
import type { Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { POSIX_FADV_DONTNEED, WHENCE } from './constants.ts';
import { holesOf } from './holes.ts';

/**
 * Copies through a buffer: the fallback of all other strategies, and the fastest one for small files that cannot be
 * cloned.
 */
export function readWrite(bindings: Bindings, { bypassCache }: { bypassCache: boolean }): Strategy {
  return {
    method: 'read_write',
    syscall: 'read/write',
    clones: false,
    creates: false,
    classify: classifyReadWrite,
    run(transfer) {
      const holes = holesOf(bindings, transfer);
      const result = copyThroughBuffer(bindings, transfer, holes === 'tell' ? WHENCE : undefined);
      if (bypassCache && result > 0) {
        // O_DIRECT was refused: at least drop the pages from the cache once they are on the disk.
        bindings.fdatasync(transfer.destination);
        bindings.posixFadvise(transfer.destination, 0, 0, POSIX_FADV_DONTNEED);
        bindings.posixFadvise(transfer.source, 0, 0, POSIX_FADV_DONTNEED);
      }
      return result;
    },
  };
}
