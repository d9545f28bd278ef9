import { EDQUOT, EINVAL, ENOSPC, EOPNOTSUPP } from '../errno.ts';
import { classifyKernelCopy } from '../posix/errors.ts';
import { isWorthReserving } from '../posix/read-write.ts';
import { PAUSED, type Strategy, type Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { FALLOC_FL_KEEP_SIZE } from './constants.ts';
import { holesOf, moveSegments } from './holes.ts';

/**
 * Bytes per call: far below the 2 GiB at which glibc 2.41 loses the upper half of the result, and small enough to
 * report progress and to notice an abort.
 */
export const CHUNK: number = 64 * 1024 * 1024;
/** Bytes per call if the strategy has to pause: a call takes a few milliseconds. */
const PART = 4 * 1024 * 1024;

/**
 * Copies inside the kernel. Some filesystems share blocks then without reporting it. Reserves blocks only if
 * `reserve` is true: on btrfs and ZFS that would defeat compression.
 */
export function copyFileRange(bindings: Bindings, { reserve }: { reserve: boolean }): Strategy {
  return {
    method: 'copy_file_range',
    syscall: 'copy_file_range',
    classify: classifyKernelCopy,
    run(transfer) {
      const { moved, status, isDue } = transfer;
      const holes = holesOf(bindings, transfer);
      // copy_file_range() would write the holes as zeros; reading and writing keeps them.
      if (holes === 'unknown') return -EINVAL;
      const reserved = reserve && moved === 0 ? preallocate(bindings, transfer) : 0;
      if (reserved < 0) return reserved;
      if (holes === 'tell') return moveSegments(bindings, transfer, moveInKernel);
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
    // Before the end, 0 means that the kernel or the filesystem cannot do this (overlayfs up to 5.10, some FUSE), or
    // that the source became shorter. The next strategy finds out by read().
    if (moved === 0) return -EOPNOTSUPP;
    done += moved;
    progress(already + done);
    if (done < size && isDue?.()) {
      // Both files' own positions show where to continue.
      transfer.moved = already + done;
      return PAUSED;
    }
  }
  return done;
}

/**
 * Reserves the blocks of a large dense file, so that a full disk is noticed before the work. Returns a negated error
 * number only if the disk or the quota is full: any other error means that this filesystem cannot reserve. The size
 * stays 0, so that a crash does not leave a file of zeros that looks complete.
 */
function preallocate(bindings: Bindings, { destination, status }: Transfer): number {
  if (!isWorthReserving(status)) return 0;
  const result = bindings.fallocate(destination, FALLOC_FL_KEEP_SIZE, 0, status.size);
  return result === -ENOSPC || result === -EDQUOT ? result : 0;
}
