import { FILE, PAIR } from '../posix/errors.ts';
import type { ErrorClass } from '../system.ts';
import { EFBIG, EINTR, EIO } from './constants.ts';

/**
 * `copy_file_range`. CIFS and NFS answer EIO for files that read() copies well, and EFBIG is answered for
 * positions that write() accepts, so both are left to read and write to repeat.
 */
export function classifyKernelCopy(errno: number): ErrorClass {
  if (errno === EINTR) return 'retry';
  if (errno === EIO || errno === EFBIG) return 'file';
  return PAIR.has(errno) ? 'pair' : FILE.has(errno) ? 'file' : 'fatal';
}
