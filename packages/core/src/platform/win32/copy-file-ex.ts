import { EBUSY, EEXIST, EINVAL, ENAMETOOLONG, ENOENT, ENOTDIR, EROFS } from '../errno.ts';
import type { Strategy, Transfer } from '../system.ts';
import type { Bindings, OnCopied } from './bindings.ts';
import { constants as C } from './constants.ts';
import { classifyCopy } from './errors.ts';
import { isSparse } from './sparse.ts';
import type { WindowsDirectory } from './volume.ts';

/** Errors of a copy that ended before it created its destination. */
const CREATED_NOTHING = new Set([EEXIST, EBUSY, ENOENT, ENOTDIR, EROFS, ENAMETOOLONG]);

/** In bytes. Copies of files of this size and more report progress and can be aborted. */
const LARGE = 16 * 1024 * 1024;

/**
 * Copies by CopyFileExW, including alternate data streams and attributes. Since Windows 11 24H2 it clones by itself
 * if the volume can. `isFollowed` returns whether a source was opened through a symbolic link.
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
      // CopyFileExW would write the holes as zeros.
      if (isSparse(bindings, transfer)) return -EINVAL;
      let flags = C.COPY_FILE_FAIL_IF_EXISTS;
      // Without this flag, a dangling link under the destination's name would be written through.
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
  // Some failures leave a partial file, which is deleted. A file that existed before or appeared meanwhile is not
  // touched.
  if (!CREATED_NOTHING.has(-result)) bindings.deleteFile(to);
  if (aborted) throw aborted.error;
  return result;
}
