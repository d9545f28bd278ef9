import { systemError } from '../errors.ts';
import { EEXIST } from '../platform/errno.ts';
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
  if (result < 0) throw systemError(-result, { ...paths(), syscall: 'rename' });
  return true;
}
