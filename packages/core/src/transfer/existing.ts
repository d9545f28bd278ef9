import { CopyError, systemError } from '../errors.ts';
import { EEXIST, EISDIR } from '../platform/errno.ts';
import { FileStatus } from '../platform/status.ts';
import type { System } from '../platform/system.ts';
import { differInCaseOnly, spelledAsStored } from '../scan/spelling.ts';
import { type DirectoryPair, pathsOf } from './pair.ts';

const behindLink = new FileStatus();

/**
 * What to do about a destination that exists: `keep` it or `replace` it. Throws when it must not be touched.
 */
export function judgeExisting(
  system: System,
  pair: DirectoryPair,
  name: string,
  as: string,
  source: FileStatus,
  destination: FileStatus,
): 'keep' | 'replace' {
  if (destination.isDirectory) {
    throw systemError(EISDIR, pathsOf(pair, name, as));
  }
  if (isSame(system, pair, name, as, source, destination)) {
    throw new CopyError({
      code: 'ERR_SAME_FILE',
      reason: 'source and destination are the same file',
      ...pathsOf(pair, name, as),
    });
  }
  switch (pair.overwrite) {
    case true:
      return 'replace';
    case false:
      return 'keep';
    case 'error':
      throw systemError(EEXIST, pathsOf(pair, name, as));
    case 'changed':
      return isAlike(source, destination) ? 'keep' : 'replace';
  }
}

function isSame(
  system: System,
  pair: DirectoryPair,
  name: string,
  as: string,
  source: FileStatus,
  destination: FileStatus,
) {
  if (source.isSameFile(destination)) return true;
  const paths = pathsOf(pair, name, as);
  if (differInCaseOnly(paths.source, paths.destination)) {
    return spelledAsStored(paths.source) === spelledAsStored(paths.destination);
  }
  if (!destination.isLink || source.isLink) return false;
  return system.status(pair.destination, as, true, behindLink) >= 0 && source.isSameFile(behindLink);
}

/** rsync's quick check. */
function isAlike(source: FileStatus, destination: FileStatus): boolean {
  if (!destination.isRegular || !source.isRegular) return false;
  return source.size === destination.size && source.isModifiedAtAbout(destination);
}
