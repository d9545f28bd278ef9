import os from 'node:os';
import { nodeUtil } from '../node-util.ts';

/**
 * Positive error numbers by name. They differ between systems (ENOTSUP is 95 on Linux and 45 on macOS). On Windows
 * they are the numbers that `node:fs` reports, which are not those of `os.constants`. A name that the system does not
 * have is undefined, which equals no error number.
 */
const numbers = (
  process.platform === 'win32'
    ? Object.fromEntries([...nodeUtil().getSystemErrorMap()].map(([errno, [name]]) => [name, -errno]))
    : os.constants.errno
) as typeof os.constants.errno & { UNKNOWN: number };

export const { E2BIG, EACCES, EAGAIN, EBADF, EBUSY, ECANCELED, EDQUOT, EEXIST, EFBIG, EILSEQ, EINTR } =
  numbers;
export const { EINVAL, EIO, EISDIR, ELOOP, EMFILE, EMLINK, ENAMETOOLONG, ENODATA, ENOENT } = numbers;
export const { ENOMEM, ENOSPC, ENOSYS, ENOTDIR, ENOTEMPTY, ENOTSUP, ENOTTY, ENXIO, EOPNOTSUPP } = numbers;
export const { EOVERFLOW, EPERM, ERANGE, EROFS, ETIMEDOUT, ETXTBSY, EXDEV, UNKNOWN: EUNKNOWN } = numbers;

/** The positive number of an error code; undefined if the system does not have it. */
export const errnoOf = (code: string): number | undefined =>
  (numbers as Readonly<Record<string, number | undefined>>)[code];

/**
 * Whether an error comes from Node.js' permission model or from Deno's permissions. It has no error number; in Deno it
 * has no code either.
 */
export function isDenied(error: unknown): boolean {
  const { code, name } = error as NodeJS.ErrnoException;
  return code === 'ERR_ACCESS_DENIED' || name === 'NotCapable';
}
