import { CopyError, systemError } from '../errors.ts';
import { EBUSY, EEXIST } from '../platform/errno.ts';
import type { System } from '../platform/system.ts';
import type { DirectoryPair } from './pair.ts';
import { type CarryInPlace, writeInPlace } from './write-in-place.ts';

/** What may be done where no file can be renamed over the one that is there: it is written into that. */
export interface InPlace {
  /** Sets attributes of what was written; undefined: it gets the mode and times of the complete file. */
  carry?: CarryInPlace;
}

/** `in place`: the file that was there has the content of the complete one, which is gone. */
export type Published = boolean | 'in place';

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
  inPlace?: InPlace,
): Published {
  const result = replace
    ? system.rename(pair.destination, temporary, name)
    : system.renameExclusive(pair.destination, temporary, name);
  if (result === -EEXIST && pair.overwrite === false) return false;
  if (result >= 0) return true;
  if (result === -EBUSY && inPlace && replace && process.platform !== 'win32') {
    const written = writeInPlace(system, pair.destination, temporary, name, paths(), inPlace.carry);
    if (written >= 0) return 'in place';
  }
  throw renameError(-result, paths());
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
