import os from 'node:os';
import { errorReason } from '../../errors.ts';

/** What the error of a trial means. Other errors are described in the system's words. */
const MEANINGS: Readonly<Record<string, string>> = {
  EXDEV: 'these are different filesystems',
  ENOTSUP: 'not supported here',
  EOPNOTSUPP: 'not supported here',
  ENOSYS: 'this system does not have it',
  ENOTTY: 'this filesystem does not have it',
  EINVAL: 'refused for these files',
  ETXTBSY: 'a file is in use',
};

export function reasonFor(code: string | undefined): string {
  if (code === undefined) return 'no reason given';
  const number = (os.constants.errno as Record<string, number>)[code];
  return `${MEANINGS[code] ?? (number === undefined ? 'refused' : errorReason(number))} (${code})`;
}
