import path from 'node:path';
import { CopyError } from '../errors.ts';
import { EINVAL, ENOENT } from '../platform/errno.ts';

/** Matches characters that no name may have on exFAT, FAT, NTFS and SMB. */
const REFUSED = /["*:<>?|\\\p{Cc}]/u;

/** What those filesystems report for such a name. exFAT in user space reports that the file does not exist. */
const ERRORS = new Set([EINVAL, ENOENT]);

/** Adds a hint to the error of a call that creates an entry, if the filesystem may not allow the name. */
export function withRefusedName(error: CopyError): CopyError {
  const { details } = error;
  const { errno = 0, destination = '', reason } = details;
  if (!ERRORS.has(errno) || !REFUSED.test(path.basename(destination))) return error;
  const why =
    'the filesystem there may not allow this name: exFAT, FAT, NTFS and SMB allow none of " * : < > ? | \\';
  return new CopyError({
    ...details,
    reason: `${reason}; ${why}; rename it, or leave it out with "ignore" (--exclude)`,
  });
}
