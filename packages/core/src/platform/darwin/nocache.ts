import { classifyDirect } from '../posix/errors.ts';
import { copyThroughBuffer } from '../posix/read-write.ts';
import type { Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C } from './constants.ts';

/**
 * Copies past the page cache, so that a large copy does not push other data out of it. F_NOCACHE is advice: whole
 * pages at page-aligned offsets go past the cache, and anything smaller goes through it.
 */
export function nocache(bindings: Bindings): Strategy {
  return {
    method: 'nocache',
    syscall: 'read/write(F_NOCACHE)',
    clones: false,
    creates: false,
    classify: classifyDirect,
    run(transfer) {
      const { source, destination } = transfer;
      const switched = bindings.fcntl(source, C.F_NOCACHE, 1) || bindings.fcntl(destination, C.F_NOCACHE, 1);
      const result = switched < 0 ? switched : copyThroughBuffer(bindings, transfer, undefined);
      if (result < 0) {
        // Restores the flags of both files for the next strategy.
        bindings.fcntl(source, C.F_NOCACHE, 0);
        bindings.fcntl(destination, C.F_NOCACHE, 0);
      }
      return result;
    },
  };
}
