import { classifyKernelCopy } from '../posix/errors.ts';
import { isWorthReserving, moveSegments } from '../posix/segments.ts';
import { PAUSED, type Strategy, type Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { EDQUOT, EINVAL, ENOSPC, EOPNOTSUPP, FALLOC_FL_KEEP_SIZE, WHENCE } from './constants.ts';
import { holesOf } from './holes.ts';

/**
 * Bytes per call. Far below the 2 GiB at which glibc 2.41 loses the result's upper half, and small enough
 * for progress and for an abort to be seen.
 */
export const CHUNK: number = 64 * 1024 * 1024;
/** Where the thread must not be held: some milliseconds. */
const PART = 4 * 1024 * 1024;

/**
 * Copies inside the kernel; some filesystems share blocks for it without saying so. Blocks are reserved only
 * where `reserve` says so: on btrfs and ZFS that would defeat compression.
 */
export function copyFileRange(bindings: Bindings, { reserve }: { reserve: boolean }): Strategy {
  return {
    method: 'copy_file_range',
    syscall: 'copy_file_range',
    clones: false,
    creates: false,
    classify: classifyKernelCopy,
    run(transfer) {
      const { moved, status, isDue } = transfer;
      const holes = holesOf(bindings, transfer);
      // It would write the holes out as zeros; to read and write leaves them.
      if (holes === 'unknown') return -EINVAL;
      const reserved = reserve && moved === 0 ? preallocate(bindings, transfer) : 0;
      if (reserved < 0) return reserved;
      if (holes === 'tell') return moveSegments(bindings, transfer, WHENCE, moveInKernel);
      const result = moveInKernel(bindings, transfer, status.size - moved, moved, isDue);
      return result < 0 ? result : moved + result;
    },
  };
}

function moveInKernel(
  bindings: Bindings,
  transfer: Transfer,
  size: number,
  already: number,
  isDue?: () => boolean,
): number {
  const { source, destination, progress } = transfer;
  const part = isDue ? PART : CHUNK;
  let done = 0;
  while (done < size) {
    const moved = bindings.copyFileRange(source, destination, Math.min(size - done, part));
    if (moved < 0) return moved;
    // Before the end it means a kernel or filesystem that cannot (overlayfs up to 5.10, some FUSE), or a
    // source that became shorter. read() will know.
    if (moved === 0) return -EOPNOTSUPP;
    done += moved;
    progress(already + done);
    if (done < size && isDue?.()) {
      // Both files' own positions tell where to go on.
      transfer.moved = already + done;
      return PAUSED;
    }
  }
  return done;
}

/**
 * Reserves the blocks of a large dense file, so that a full disk is noticed before the work. Only a full
 * disk or quota is an answer that counts (returned negated); any other means that this filesystem does not
 * reserve. The size stays 0: a crash must not leave a complete-looking file of zeros.
 */
function preallocate(bindings: Bindings, { destination, status }: Transfer): number {
  if (!isWorthReserving(status)) return 0;
  const result = bindings.fallocate(destination, FALLOC_FL_KEEP_SIZE, 0, status.size);
  return result === -ENOSPC || result === -EDQUOT ? result : 0;
}
