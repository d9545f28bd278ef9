import { EBUSY, EEXIST, EINVAL, ENAMETOOLONG, ENOENT, ENOTDIR, EROFS } from '../errno.ts';
import type { Strategy, Transfer } from '../system.ts';
import type { Bindings, OnCopied } from './bindings.ts';
import { constants as C } from './constants.ts';
import { classifyCopy } from './errors.ts';
import { isSparse } from './sparse.ts';
import type { WindowsDirectory } from './volume.ts';

/** Answers of a copy that ended before it had created its destination. */
const CREATED_NOTHING = new Set([EEXIST, EBUSY, ENOENT, ENOTDIR, EROFS, ENAMETOOLONG]);

/** Files from this size on can be ended in their middle, and tell how far they are. */
const LARGE = 16 * 1024 * 1024;

/**
 * Copies as Windows does it, alternate data streams and attributes included; since Windows 11 24H2 it clones
 * by itself where the volume can. `isFollowed` tells of a source that was opened through a symbolic link.
 */
export function copyFileEx(
  bindings: Bindings,
  { bypassCache, isFollowed }: { bypassCache: boolean; isFollowed: (source: number) => boolean },
): Strategy {
  return {
    method: 'copy_file_ex',
    syscall: 'CopyFileExW',
    clones: false,
    creates: true,
    carries: true,
    classify: classifyCopy,
    run(transfer) {
      // It would write the holes out.
      if (isSparse(bindings, transfer)) return -EINVAL;
      let flags = C.COPY_FILE_FAIL_IF_EXISTS;
      // Without it a link that leads nowhere and has the destination's name would be written through.
      if (!isFollowed(transfer.source)) flags |= C.COPY_FILE_COPY_SYMLINK;
      if (bypassCache) flags |= C.COPY_FILE_NO_BUFFERING;
      return copy(bindings, transfer, flags);
    },
  };
}

function copy(bindings: Bindings, transfer: Transfer, flags: number): number {
  const { sourceDirectory, sourceName, destinationDirectory, destinationName, status, progress } = transfer;
  const from = (sourceDirectory as WindowsDirectory).prefix + sourceName;
  const to = (destinationDirectory as WindowsDirectory).prefix + destinationName;
  let aborted: { error: unknown } | undefined;
  const onCopied: OnCopied | null =
    status.size < LARGE
      ? null
      : (bytes) => {
          try {
            progress(bytes);
            return true;
          } catch (error) {
            aborted = { error };
            return false;
          }
        };
  const result = bindings.copyFile(from, to, flags, onCopied);
  if (result >= 0) return status.size;
  // Not every failure leaves nothing behind. What was there before, or came meanwhile, is not touched.
  if (!CREATED_NOTHING.has(-result)) bindings.deleteFile(to);
  if (aborted) throw aborted.error;
  return result;
}
