import fs from 'node:fs';
import path from 'node:path';
import { CopyError, systemError } from '../errors.ts';
import { EEXIST, EISDIR } from '../platform/errno.ts';
import { differInCaseOnly, spelledAsStored } from '../platform/spelling.ts';
import { FileStatus } from '../platform/status.ts';
import type { System } from '../platform/system.ts';
import { type BothPaths, type PairedFile, pathsOf } from './pair.ts';
import { isAlike, isOlder } from './quick-check.ts';

/** How many links the kernel follows for one path. */
const MAX_LINKS = 40;

const behindLink = new FileStatus();

/** The error for a file whose destination is a directory. */
export const isDirectoryError = (paths: BothPaths): CopyError =>
  new CopyError({
    code: 'EISDIR',
    reason: 'the destination is a directory; delete or rename it, or choose another destination',
    errno: EISDIR,
    ...paths,
  });

/** What a copy does at a destination: it creates the file, or it keeps or replaces the existing entry. */
export type Decision = 'create' | 'keep' | 'replace';

/** What {@link decide} decides about. */
export interface DecideQuery extends PairedFile {
  /**
   * The status of the source; of a link itself if it is copied as a link. Undefined if the content is not known yet.
   */
  source: FileStatus | undefined;
  /** Receives the status of the existing destination. */
  destination: FileStatus;
}

/**
 * Decides what happens to an existing destination, for copies, links, transformed files and dry runs alike. Throws if
 * it must not be replaced. Files that are unchanged since an earlier run are skipped before this is called.
 */
export function decide(system: System, query: DecideQuery): Decision {
  const { pair, as, source, destination, isOurs } = query;
  if (pair.fresh || system.status(pair.destination, as, false, destination) < 0) return 'create';
  if (destination.isDirectory) throw isDirectoryError(pathsOf(query));
  const isLink = source?.isLink ?? false;
  const sameSpecial = source?.isSameSpecial(destination) ?? false;
  if (!sameSpecial) refuseSpecial(system, query, destination, isLink);
  const sameLink = isLink && destination.isLink && isSameLink(system, query);
  if (source && isSame(system, query, source, sameLink)) {
    throw new CopyError({
      code: 'ERR_SAME_FILE',
      reason:
        isLink && !source.isSameFile(destination)
          ? 'the source is a symbolic link that leads to the destination, which it would replace'
          : 'source and destination are the same file',
      ...pathsOf(query),
    });
  }
  const isSameAlready = sameLink || sameSpecial;
  if (pair.overwrite === true || isOurs()) return isSameAlready ? 'keep' : 'replace';
  if (pair.overwrite === false) return 'keep';
  if (pair.overwrite === 'error') throw systemError(EEXIST, pathsOf(query));
  if (isSameAlready) return 'keep';
  if (!source) return 'replace';
  const replaces = pair.overwrite === 'older' ? isOlder(destination, source) : !isAlike(source, destination);
  return replaces ? 'replace' : 'keep';
}

/**
 * Throws if the destination is a device, a FIFO or a socket: no copy deletes one, whatever `overwrite` says. A file
 * does not replace a link to one either: a user who names `/dev/stdout` means its target. A link that is copied as a
 * link (`byLink`) may replace any other link.
 */
export function refuseSpecial(
  system: System,
  file: PairedFile,
  destination: FileStatus,
  byLink: boolean,
): void {
  const { pair, as } = file;
  const isBehindLink =
    destination.isLink && !byLink && system.status(pair.destination, as, true, behindLink) >= 0;
  const found = isBehindLink ? behindLink : destination;
  if (!found.isSpecial) return;
  const kind = isBehindLink ? `a symbolic link that leads to ${found.specialKind}` : found.specialKind;
  throw new CopyError({
    code: 'ERR_NOT_REGULAR',
    reason: `the destination is ${kind}, which a copy does not replace; delete it first, or choose another destination`,
    ...pathsOf(file),
  });
}

function isSame(system: System, query: DecideQuery, source: FileStatus, sameLink: boolean): boolean {
  const { pair, name, as, destination, isOurs } = query;
  if (source.isSameFile(destination)) return true;
  if (pair.source.path.length + name.length === pair.destination.path.length + as.length) {
    const paths = pathsOf(query);
    if (differInCaseOnly(paths.source, paths.destination)) {
      if (spelledAsStored(paths.source) === spelledAsStored(paths.destination)) return true;
    }
  }
  if (source.isLink && destination.isLink)
    return !sameLink && leadsTo(system, pathsOf(query).source, destination);
  if (source.isLink)
    return system.status(pair.source, name, true, behindLink) >= 0 && destination.isSameFile(behindLink);
  // A link that an earlier run created is replaced, and not followed.
  if (!destination.isLink || isOurs()) return false;
  return system.status(pair.destination, as, true, behindLink) >= 0 && source.isSameFile(behindLink);
}

/** Whether two links have the same target, byte for byte. */
export function isSameLink(system: System, { pair, name, as }: PairedFile): boolean {
  const target = system.readLink(pair.source, name);
  const there = system.readLink(pair.destination, as);
  return typeof target !== 'number' && typeof there !== 'number' && target.equals(there);
}

/** Whether a symbolic link leads to the link `other`, directly or through links in between. */
function leadsTo(system: System, link: string, other: FileStatus): boolean {
  let current = link;
  for (let followed = 0; followed < MAX_LINKS; followed++) {
    const directory = system.openDirectory(path.dirname(current));
    if (typeof directory === 'number') return false;
    try {
      const name = path.basename(current);
      if (system.status(directory, name, false, behindLink) < 0) return false;
      if (behindLink.isSameFile(other)) return true;
      const target = system.readLink(directory, name);
      if (typeof target === 'number') return false;
      current = path.resolve(fs.realpathSync.native(directory.path), target.toString());
    } catch {
      // The directory was deleted meanwhile, so the link leads nowhere.
      return false;
    } finally {
      system.closeDirectory(directory);
    }
  }
  return false;
}
