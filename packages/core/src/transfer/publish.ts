import { CopyError, systemError } from '../errors.ts';
import { EBUSY, EEXIST } from '../platform/errno.ts';
import type { System } from '../platform/system.ts';
import type { DirectoryPair } from './pair.ts';

/**
 * Gives a complete file its final name, in the place of another one if it may `replace` it. When that fails, what was
 * there is as it was. False: somebody has made a file of that name meanwhile, and `overwrite: false` leaves it.
 */
export function publish(
  system: System,
  pair: DirectoryPair,
  temporary: string,
  name: string,
  replace: boolean,
  paths: () => { source: string; destination: string },
): boolean {
  const result = replace
    ? system.rename(pair.destination, temporary, name)
    : system.renameExclusive(pair.destination, temporary, name);
  if (result === -EEXIST && pair.overwrite === false) return false;
  if (result < 0) throw renameError(-result, paths());
  return true;
}

function renameError(errno: number, paths: { source: string; destination: string }): CopyError {
  const error = systemError(errno, { ...paths, syscall: 'rename' });
  // In Windows it means that another program has the file open.
  if (errno !== EBUSY || process.platform === 'win32') return error;
  const reason =
    'the destination cannot be replaced; if it is a file that is mounted by itself (docker -v file:file, mount --bind), ' +
    'mount the directory that it is in instead, or leave the file out of the copy';
  return new CopyError({ ...error.details, reason });
}
