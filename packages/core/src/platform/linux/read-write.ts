import { classifyReadWrite } from '../posix/errors.ts';
import { copyThroughBuffer } from '../posix/read-write.ts';
import type { Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { POSIX_FADV_DONTNEED, WHENCE } from './constants.ts';
import { holesOf } from './holes.ts';

/** Copies through a buffer: the last lane everywhere, and the fastest for small files that cannot be cloned. */
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
        // Where O_DIRECT is refused, the pages are at least given back once they are on the disk.
        bindings.fdatasync(transfer.destination);
        bindings.posixFadvise(transfer.destination, 0, 0, POSIX_FADV_DONTNEED);
        bindings.posixFadvise(transfer.source, 0, 0, POSIX_FADV_DONTNEED);
      }
      return result;
    },
  };
}
