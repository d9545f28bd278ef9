import os from 'node:os';
import { classifyReadWrite } from '../posix/errors.ts';
import { copyThroughBuffer } from '../posix/read-write.ts';
import { isWorthReserving } from '../posix/segments.ts';
import type { Strategy, Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C, layouts } from './constants.ts';

const { EDQUOT, ENOSPC } = os.constants.errno;
const LAYOUT = layouts.fstore_t;

/**
 * Copies through a buffer: the fallback of all other strategies. Holes that macOS reports are not trusted (see
 * `copyfile.ts`): a file that may have holes is read to its end.
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

/**
 * Reserves the blocks of a large dense file, in one piece if possible. Returns a negated error number only if the
 * disk or the quota is full: any other error means that this filesystem cannot reserve. The size stays 0, so that a
 * crash does not leave a file of zeros that looks complete.
 */
function preallocate(bindings: Bindings, { destination, status }: Transfer): number {
  if (!isWorthReserving(status)) return 0;
  const request = Buffer.alloc(LAYOUT.size);
  request.writeUInt32LE(C.F_ALLOCATECONTIG, LAYOUT.fst_flags);
  request.writeInt32LE(C.F_PEOFPOSMODE, LAYOUT.fst_posmode);
  request.writeBigInt64LE(BigInt(status.size), LAYOUT.fst_length);
  if (bindings.fcntlMemory(destination, C.F_PREALLOCATE, request) >= 0) return 0;
  request.writeUInt32LE(C.F_ALLOCATEALL, LAYOUT.fst_flags);
  const result = bindings.fcntlMemory(destination, C.F_PREALLOCATE, request);
  return result === -ENOSPC || result === -EDQUOT ? result : 0;
}
