import { classifyReadWrite } from '../posix/errors.ts';
import { copyThroughBuffer } from '../posix/read-write.ts';
import type { Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { preallocate } from './preallocate.ts';

/**
 * Copies through a buffer: the last lane everywhere. What macOS answers about holes is not believed (see
 * `copyfile.ts`): a file that may have some is read to its end.
 */
export function readWrite(bindings: Bindings): Strategy {
  return {
    method: 'read_write',
    syscall: 'read/write',
    clones: false,
    creates: false,
    classify: classifyReadWrite,
    run(transfer) {
      const reserved = preallocate(bindings, transfer);
      return reserved < 0 ? reserved : copyThroughBuffer(bindings, transfer, undefined);
    },
  };
}
