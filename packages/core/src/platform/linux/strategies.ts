import { classifyClone, classifyReadWrite } from '../posix/errors.ts';
import { copyBytes, copyThroughBuffer } from '../posix/read-write.ts';
import type { LadderQuery, Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { FICLONE, POSIX_FADV_DONTNEED } from './constants.ts';
import { copyFileRange } from './copy-file-range.ts';
import { direct } from './direct.ts';
import { holesOf, moveSegments } from './holes.ts';

/**
 * In bytes. If files cannot be cloned, read and write are faster than copy_file_range up to this size (ext4: 90 ms
 * against 125 for 5,000 files of 0.2 to 32 KiB).
 */
const SMALL_FILE = 64 * 1024;

/**
 * Chooses the ladder of a file: the strategies in the order of the attempts. There are a few fixed lists, so that
 * choosing costs nothing.
 */
export function strategies(bindings: Bindings): (query: LadderQuery) => readonly Strategy[] {
  const clone = ficlone(bindings);
  const kernel = copyFileRange(bindings, { reserve: false });
  const kernelReserving = copyFileRange(bindings, { reserve: true });
  const buffered = readWrite(bindings, { bypassCache: false });
  const uncached = readWrite(bindings, { bypassCache: true });
  const past = direct(bindings);

  const always = [clone];
  const full = [buffered];
  const bypass = [past, uncached];
  const bypassCloning = [clone, past, uncached];
  const cloning = [clone, kernel, buffered];
  const small = [buffered, kernelReserving];
  const large = [kernelReserving, buffered];

  return ({ reflink, bypassCache, size, cannotClone }) => {
    if (reflink === 'always') return always;
    if (size === 0) return full;
    const noClone = reflink === 'never' || cannotClone;
    if (bypassCache) return noClone ? bypass : bypassCloning;
    // copy_file_range may share blocks, which `never` forbids.
    if (reflink === 'never') return full;
    if (!cannotClone) return cloning;
    return size <= SMALL_FILE ? small : large;
  };
}

/** Shares the source's blocks. Works on btrfs, XFS, bcachefs, OCFS2, overlayfs above them, ZFS, NFS 4.2 and CIFS. */
function ficlone(bindings: Bindings): Strategy {
  return {
    method: 'ficlone',
    syscall: 'ioctl(FICLONE)',
    clones: true,
    classify: classifyClone,
    run({ source, destination, status }) {
      const result = bindings.ioctl(destination, FICLONE, source);
      return result < 0 ? result : status.size;
    },
  };
}

/**
 * Copies through a buffer: the fallback of all other strategies, and the fastest one for small files that cannot be
 * cloned.
 */
function readWrite(bindings: Bindings, { bypassCache }: { bypassCache: boolean }): Strategy {
  return {
    method: 'read_write',
    syscall: 'read/write',
    classify: classifyReadWrite,
    run(transfer) {
      const { source, destination } = transfer;
      const result =
        holesOf(bindings, transfer) === 'tell'
          ? moveSegments(bindings, transfer, copyBytes)
          : copyThroughBuffer(bindings, transfer);
      if (bypassCache && result > 0) {
        // O_DIRECT was refused: at least drop the pages from the cache once they are on the disk.
        bindings.fdatasync(destination);
        bindings.posixFadvise(destination, 0, 0, POSIX_FADV_DONTNEED);
        bindings.posixFadvise(source, 0, 0, POSIX_FADV_DONTNEED);
      }
      return result;
    },
  };
}
