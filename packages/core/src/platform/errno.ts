import os from 'node:os';
import { nodeUtil } from '../node-util.ts';

/**
 * Error numbers by name. They differ between systems (ENOTSUP is 95 on Linux and 45 on macOS). On Windows they are
 * the numbers that `node:fs` reports, which are not those of `os.constants`.
 */
const numbers: Readonly<Record<string, number>> =
  process.platform === 'win32'
    ? Object.fromEntries([...nodeUtil().getSystemErrorMap()].map(([errno, [name]]) => [name, -errno]))
    : os.constants.errno;

/** The positive number of an error; 0 if the system has none of this name. */
export const errnoOf = (name: string): number => numbers[name] ?? 0;

export const EACCES: number = errnoOf('EACCES');
export const EBADF: number = errnoOf('EBADF');
export const EBUSY: number = errnoOf('EBUSY');
export const ECANCELED: number = errnoOf('ECANCELED');
export const EEXIST: number = errnoOf('EEXIST');
export const EFBIG: number = errnoOf('EFBIG');
export const EILSEQ: number = errnoOf('EILSEQ');
export const EINVAL: number = errnoOf('EINVAL');
export const EIO: number = errnoOf('EIO');
export const EISDIR: number = errnoOf('EISDIR');
export const ELOOP: number = errnoOf('ELOOP');
export const EMFILE: number = errnoOf('EMFILE');
export const EMLINK: number = errnoOf('EMLINK');
export const ENAMETOOLONG: number = errnoOf('ENAMETOOLONG');
export const ENOENT: number = errnoOf('ENOENT');
export const ENOMEM: number = errnoOf('ENOMEM');
export const ENOSPC: number = errnoOf('ENOSPC');
export const ENOSYS: number = errnoOf('ENOSYS');
export const ENOTDIR: number = errnoOf('ENOTDIR');
export const ENOTEMPTY: number = errnoOf('ENOTEMPTY');
export const ENOTSUP: number = errnoOf('ENOTSUP');
export const ENOTTY: number = errnoOf('ENOTTY');
export const EOPNOTSUPP: number = errnoOf('EOPNOTSUPP');
export const EPERM: number = errnoOf('EPERM');
export const EROFS: number = errnoOf('EROFS');
export const ETIMEDOUT: number = errnoOf('ETIMEDOUT');
export const EUNKNOWN: number = errnoOf('UNKNOWN');
export const EXDEV: number = errnoOf('EXDEV');
export const ENXIO: number = errnoOf('ENXIO');
