import { EDQUOT, EINVAL, ENOSPC } from '../errno.ts';
import { classifyCopyfile, classifyDirect, classifyReadWrite } from '../posix/errors.ts';
import { copyThroughBuffer, isDense, isWorthReserving } from '../posix/read-write.ts';
import type { LadderQuery, Strategy, Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { clonefile } from './clonefile.ts';
import { constants as C, layouts } from './constants.ts';

/** In bytes. Up to this size the dozen additional calls of fcopyfile cost more than reading and writing. */
const SMALL_FILE = 64 * 1024;
const RESERVATION = layouts.fstore_t;

/**
 * Chooses the ladder of a file: the strategies in the order of the attempts. There are a few fixed lists, so that
 * choosing costs nothing.
 */
export function strategies(
  bindings: Bindings,
  cloneFrom: number,
): (query: LadderQuery) => readonly Strategy[] {
  const buffered = readWrite(bindings);
  const kernel = copyfile(bindings);
  const past = nocache(bindings);
  const full = [buffered];
  const bypass = [past, buffered];
  const small = [buffered, kernel];
  const large = [kernel, buffered];
  const lists = [false, true].map((acl) => {
    const clone = clonefile(bindings, { acl });
    return { always: [clone], cloning: [clone, kernel, buffered], bypass: [clone, past, buffered] };
  });

  return ({ reflink, bypassCache, size, cannotClone, acl }) => {
    const cloning = lists[acl ? 1 : 0]!;
    if (reflink === 'always') return cloning.always;
    if (size === 0) return full;
    const noClone = reflink === 'never' || cannotClone;
    if (bypassCache) return noClone ? bypass : cloning.bypass;
    // Read and write instead of fcopyfile: they report progress, and cannot share blocks unnoticed.
    if (reflink === 'never') return full;
    if (!cannotClone && size >= cloneFrom) return cloning.cloning;
    return size <= SMALL_FILE ? small : large;
  };
}

/**
 * Copies dense files by fcopyfile(3), Apple's own loop past the page cache. Its COPYFILE_DATA_SPARSE keeps holes, but
 * trusts the filesystem about them, and APFS has reported data as a hole (coreutils/coreutils#68): files that may
 * have holes are left to reading and writing. fcopyfile() reports nothing before the whole file is copied, so there
 * is no progress, and an abort is noticed only after it.
 */
function copyfile(bindings: Bindings): Strategy {
  return {
    method: 'copyfile',
    syscall: 'fcopyfile',
    classify: classifyCopyfile,
    run({ source, destination, status }) {
      if (!isDense(status)) return -EINVAL;
      const result = bindings.fcopyfile(source, destination, C.COPYFILE_DATA);
      // fcopyfile() does not return the number of bytes: Transferrer compares the source's size with the
      // destination's.
      return result < 0 ? result : status.size;
    },
  };
}

/**
 * Copies past the page cache, so that a large copy does not push other data out of it. F_NOCACHE is advice: whole
 * pages at page-aligned offsets go past the cache, and anything smaller goes through it.
 */
function nocache(bindings: Bindings): Strategy {
  return {
    method: 'nocache',
    syscall: 'read/write(F_NOCACHE)',
    classify: classifyDirect,
    run(transfer) {
      const { source, destination } = transfer;
      const switched = bindings.fcntl(source, C.F_NOCACHE, 1) || bindings.fcntl(destination, C.F_NOCACHE, 1);
      const result = switched < 0 ? switched : copyThroughBuffer(bindings, transfer);
      if (result < 0) {
        // Restores the flags of both files for the next strategy.
        bindings.fcntl(source, C.F_NOCACHE, 0);
        bindings.fcntl(destination, C.F_NOCACHE, 0);
      }
      return result;
    },
  };
}

/**
 * Copies through a buffer: the fallback of all other strategies. Holes that macOS reports are not trusted (see
 * {@link copyfile}): a file that may have holes is read to its end.
 */
function readWrite(bindings: Bindings): Strategy {
  return {
    method: 'read_write',
    syscall: 'read/write',
    classify: classifyReadWrite,
    run(transfer) {
      const reserved = preallocate(bindings, transfer);
      return reserved < 0 ? reserved : copyThroughBuffer(bindings, transfer);
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
  const request = Buffer.alloc(RESERVATION.size);
  request.writeUInt32LE(C.F_ALLOCATECONTIG, RESERVATION.fst_flags);
  request.writeInt32LE(C.F_PEOFPOSMODE, RESERVATION.fst_posmode);
  request.writeBigInt64LE(BigInt(status.size), RESERVATION.fst_length);
  if (bindings.fcntlMemory(destination, C.F_PREALLOCATE, request) >= 0) return 0;
  request.writeUInt32LE(C.F_ALLOCATEALL, RESERVATION.fst_flags);
  const result = bindings.fcntlMemory(destination, C.F_PREALLOCATE, request);
  return result === -ENOSPC || result === -EDQUOT ? result : 0;
}
