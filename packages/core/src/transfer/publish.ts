import { CopyError, systemError } from '../errors.ts';
import { EBUSY, EEXIST } from '../platform/errno.ts';
import { FileStatus } from '../platform/status.ts';
import type { System } from '../platform/system.ts';
import { isDirectoryError } from './decide.ts';
import { type BothPaths, mayReplace, type PairedFile, pathsOf } from './pair.ts';
import { withRefusedName } from './refused-name.ts';
import { type SetAttributes, writeInPlace } from './write-in-place.ts';

const inTheWay = new FileStatus();

/** Allows {@link publish} to write into an existing file that no file can be renamed over. */
export interface InPlace {
  /**
   * Sets the attributes of the file that was written. If undefined, it gets the mode and times of the complete file.
   */
  setAttributes?: SetAttributes;
}

/** `in place`: the existing file got the content of the complete one, which was deleted. */
export type Published = boolean | 'in place';

/**
 * Gives a complete file its final name. An existing file is replaced if the copy may replace it now. If this fails,
 * the existing file is unchanged. Returns false if another process has created a file of that name meanwhile, and
 * `overwrite: false` keeps it.
 */
export function publish(system: System, file: PairedFile, temporary: string, inPlace?: InPlace): Published {
  const { pair, as } = file;
  const replace = mayReplace(file);
  const result = replace
    ? system.rename(pair.destination, temporary, as)
    : system.renameExclusive(pair.destination, temporary, as);
  if (result >= 0) return true;
  // This copy or another process has created a directory meanwhile: a file neither replaces it nor counts as kept.
  if (system.status(pair.destination, as, false, inTheWay) >= 0 && inTheWay.isDirectory)
    throw isDirectoryError(pathsOf(file));
  if (result === -EEXIST && pair.overwrite === false) return false;
  if (result === -EBUSY && inPlace && replace && process.platform !== 'win32') {
    const written = writeInPlace(
      system,
      pair.destination,
      temporary,
      as,
      pathsOf(file),
      inPlace.setAttributes,
    );
    if (written >= 0) return 'in place';
  }
  throw renameError(-result, pathsOf(file));
}

function renameError(errno: number, paths: BothPaths): CopyError {
  const error = withRefusedName(systemError(errno, { ...paths, syscall: 'rename' }));
  // On Windows EBUSY means that another program has the file open.
  if (errno !== EBUSY || process.platform === 'win32') return error;
  const reason =
    'the destination cannot be replaced; if it is a file that is mounted by itself (docker -v file:file, mount --bind), ' +
    'mount the directory that it is in instead, or leave the file out of the copy';
  return new CopyError({ ...error.details, reason });
}
