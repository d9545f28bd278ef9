import { classifyReadWrite } from '../posix/errors.ts';
import { copyThroughBuffer } from '../posix/read-write.ts';
import type { Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C } from './constants.ts';
import { preallocate } from './preallocate.ts';

export const WHENCE = { data: C.SEEK_DATA, hole: C.SEEK_HOLE };

/** Copies through a buffer: the last lane everywhere. */
export function readWrite(bindings: Bindings): Strategy {
  return {
    method: 'read_write',
    syscall: 'read/write',
    clones: false,
    creates: false,
    classify: classifyReadWrite,
    run(transfer) {
      const reserved = preallocate(bindings, transfer);
      return reserved < 0 ? reserved : copyThroughBuffer(bindings, transfer, WHENCE);
    },
  };
}
