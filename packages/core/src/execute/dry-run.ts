import path from 'node:path';
import { systemError } from '../errors.ts';
import type { FileResult, QueuedBatch } from '../model/batch.ts';
import type { TransferSettings } from '../model/settings.ts';
import { isUnchanged, pairedFile } from '../plan/compare.ts';
import { nearestExisting } from '../platform/spelling.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import { noteError } from '../report.ts';
import { decide, isDirectoryError } from '../transfer/decide.ts';
import { NO_DIRECTORY, openDirectory } from '../transfer/opened-path.ts';
import { type DirectoryPair, mayReplace, type PairedFile, pathsOf } from '../transfer/pair.ts';
import { isAlike } from '../transfer/quick-check.ts';
import { countResult, entryOf } from './finished.ts';
import type { CopyContext } from './job.ts';

const NOWHERE: Directory = { path: '', fd: -1 };
const source = new FileStatus();
const destination = new FileStatus();

/**
 * The expected copies of files with several names, by preserved attributes, device of the copy and source: the
 * identity of the existing file that is the copy, or {@link NEW_FILE} if the copy would be a new file.
 */
export type ExpectedCopies = Map<string, string>;

const NEW_FILE = 'new';

/**
 * Counts what copying the rest of a batch would do, and throws the errors it would throw. Changes nothing. `pair` is
 * what {@link openExisting} returns for the batch.
 */
export function compareFiles(
  pair: DirectoryPair,
  batch: QueuedBatch,
  context: CopyContext,
  copies: ExpectedCopies,
): void {
  const { queue, job, tally } = context;
  for (let file = queue.nextFile(batch); file >= 0; file = queue.nextFile(batch)) {
    try {
      compareFile(pair, batch, file, context, copies);
    } catch (error) {
      noteError(tally, job, error);
    }
  }
}

/** Opens the directories of a batch. If the destination does not exist, a copy would create it. */
export function openExisting(
  system: System,
  batch: QueuedBatch,
  { preserve }: TransferSettings,
  overwrite: DirectoryPair['overwrite'],
): DirectoryPair {
  if (batch.expected?.refused) throw batch.expected.refused;
  const from = openDirectory(system, batch.source, { source: batch.source });
  const to = path.join(batch.root, batch.below);
  const opened = system.openDirectory(to);
  const fresh = typeof opened === 'number';
  const directory = fresh ? { ...NOWHERE, path: to } : opened;
  const status = new FileStatus();
  // An entry in its way will be deleted: otherwise planning has found the error before.
  const failed = !fresh
    ? system.status(directory, '.', true, status)
    : NO_DIRECTORY.has(-opened)
      ? 0
      : opened;
  if (failed < 0) {
    system.closeDirectory(from);
    if (!fresh) system.closeDirectory(directory);
    const syscall = fresh ? 'open' : 'stat';
    throw systemError(-failed, { source: batch.source, destination: to, syscall });
  }
  return {
    source: from,
    destination: directory,
    overwrite,
    device: fresh && preserve.includes('links') ? deviceOfNew(system, to) : status.device,
    opened: status,
    fresh,
    swept: true,
    unsynced: false,
  };
}

/** The device on which a directory would be created. */
function deviceOfNew(system: System, directory: string): number {
  const parent = system.openDirectory(nearestExisting(directory));
  if (typeof parent === 'number') return 0;
  const status = new FileStatus();
  const looked = system.status(parent, '.', true, status);
  system.closeDirectory(parent);
  return looked < 0 ? 0 : status.device;
}

function compareFile(
  pair: DirectoryPair,
  batch: QueuedBatch,
  file: number,
  { job, system, tally }: CopyContext,
  copies: ExpectedCopies,
): void {
  const { preserve, symlinks } = job.transfer;
  const paired = pairedFile(system, pair, batch, file);
  const isLink = batch.links?.includes(file) ?? false;
  const follow = isLink && (batch.symlinks ?? symlinks) === 'follow';
  const paths = pathsOf(paired);
  const looked = system.status(pair.source, paired.name, follow, source);
  if (looked < 0) throw systemError(-looked, { ...paths, syscall: 'stat' });
  const linked = isLink && !follow && !source.isSpecial;
  if (batch.expected?.blocked.includes(file)) throw isDirectoryError(paths);
  const isThere = !pair.fresh && !batch.expected?.vacant.includes(file);
  const isRecorded = isThere && isUnchanged(system, paired, follow, batch.records, file);
  const isKept =
    (isRecorded || (isThere && decide(system, { source, destination, ...paired }) === 'keep')) &&
    // The size of a transformed file is not known, so 'changed' cannot keep it.
    !(batch.expected?.isTransformed && pair.overwrite === 'changed' && source.isRegular);
  const mayBeName =
    preserve.includes('links') && !linked && !batch.expected?.isTransformed && source.mayHaveLinks;
  const key = mayBeName ? `${[...preserve].sort()} ${pair.device} ${source.identity}` : '';
  const { keep, isFurther } = mayBeName
    ? compareName(paired, key, copies, { isThere, isRecorded, isKept }, system)
    : { keep: isKept, isFurther: false };
  const action = keep ? 'unchanged' : linked ? 'linked' : 'copied';
  const bytes = action === 'copied' && !isFurther ? source.size : 0;
  const result: FileResult = { action, bytes };
  countResult(tally, result);
  if (job.entries) tally.entries.push(entryOf(paths, result));
}

/**
 * What a copy would do about a file that may have several names, as `HardLinks` does it: whether it would keep the
 * destination, and whether this is a further name of a file, of which no bytes are copied.
 */
function compareName(
  paired: PairedFile,
  key: string,
  copies: ExpectedCopies,
  { isThere, isRecorded, isKept }: { isThere: boolean; isRecorded: boolean; isKept: boolean },
  system: System,
): { keep: boolean; isFurther: boolean } {
  const { pair, as } = paired;
  const isFound = isThere && system.status(pair.destination, as, false, destination) >= 0;
  const copy = copies.get(key);
  if (copy === undefined) {
    const isCopy = isRecorded || isAlike(source, destination) || source.isSameSpecial(destination);
    if (!isKept || isCopy) copies.set(key, isKept ? destination.identity : NEW_FILE);
    return { keep: isKept, isFurther: false };
  }
  // What `overwrite` keeps is replaced by a link if it is the same file, and only not linked yet.
  const isReplaced = isRecorded || (mayReplace(paired) && isAlike(source, destination));
  const isJoined = copy === destination.identity;
  return { keep: isFound && (isJoined || (isKept && !isReplaced)), isFurther: true };
}
