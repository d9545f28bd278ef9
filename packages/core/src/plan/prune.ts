import path from 'node:path';
import { type CopyError, errorCode, errorReason } from '../errors.ts';
import { isInside } from '../inside.ts';
import type { Folder } from '../model/files.ts';
import type { JobSettings, PlanSettings } from '../model/job.ts';
import { isSpecialFile } from '../platform/path-status.ts';
import { FileStatus } from '../platform/status.ts';
import type { System } from '../platform/system.ts';
import { noteError, type Tally } from '../report.ts';
import { NO_DIRECTORY } from '../transfer/opened-path.ts';
import { Deleter } from './delete.ts';
import { DestinationIndex } from './destination-index.ts';
import { keptIn, nameBelow } from './kept.ts';
import type { Manifest } from './manifest.ts';
import { type ChangedNames, isAsRecorded } from './record.ts';
import { refuseSources } from './sources.ts';

/** What deleting needs. */
export interface PruneInput {
  plan: PlanSettings;
  job: JobSettings;
  system: System;
  tally: Tally;
  manifest: Manifest | undefined;
  changed: ChangedNames;
}

interface PruneContext extends PruneInput {
  /** Each target's `to`, and the directory that relative paths belong to. Nothing outside of them is deleted. */
  roots: readonly string[];
  /** The directories that `prune: 'everything'` empties. */
  pruneRoots: readonly string[];
  /** Absolute paths that are kept, with everything in them. */
  kept: readonly string[];
  /** Called with the error of something that cannot be deleted, which then stays. Throws it if it ends the copy. */
  onError: (error: unknown) => void;
  /** Absolute paths of what could not be deleted. */
  undeletable: Set<string>;
  /** Whether directories are copied with their modes, so that some may not be writable. */
  makesWritable: boolean;
  /** Whether anything was deleted. */
  deleted: boolean;
}

/**
 * Deletes what is stale, as the options require, before the folders are copied. Returns whether anything was deleted.
 */
export function* prune(input: PruneInput, folders: readonly Folder[]): Generator<undefined, boolean> {
  const { plan, job, tally, manifest } = input;
  const { pruneRoots, keep, targets, cwd } = plan;
  const isWhole = plan.prune === 'everything';
  const undeletable = new Set<string>();
  const context: PruneContext = {
    ...input,
    roots: [...targets.map(({ to }) => to), cwd],
    pruneRoots: isWhole ? pruneRoots : [],
    kept: [...pruneRoots.flatMap((root) => keptIn(root, keep)), ...manifestIn(plan)],
    onError: (error) => {
      noteError(tally, job, error);
      undeletable.add((error as CopyError).destination!);
    },
    undeletable,
    makesWritable: job.transfer.preserveDirectories || targets.some((each) => each.preserve),
    deleted: false,
  };
  if (isWhole) {
    if (manifest?.keepsLinks) yield* noteChanged(manifest, context);
    const planned = new DestinationIndex(folders);
    // The outer root first: it deletes a link in it, before the link is taken for a directory to empty.
    const roots = new Set(pruneRoots.toSorted((one, other) => one.length - other.length));
    refuseSources(roots, folders, keep);
    for (const root of roots) yield* pruneEverything(root, planned, context);
  } else if (plan.emptiedAt !== undefined) refuseSources(pruneRoots, folders, keep);
  if (plan.prune && manifest) yield* pruneStale(manifest, folders, context);
  return context.deleted;
}

/** The manifest and its lock, if a root contains them. */
function manifestIn({ manifest, pruneRoots }: PlanSettings): string[] {
  if (manifest === undefined) return [];
  return pruneRoots.map((root) => nameBelow(root, manifest)).flatMap((file) => [file, `${file}.lock`]);
}

/**
 * Deletes the files that earlier runs copied and no target copies now, unless they were changed since. With
 * `emptiedAt`, deletes changed files too, unless they were changed after that time. Files outside of `context.roots`
 * are kept, and stay recorded: a copy with a target there deletes them. Files for which stat fails are kept too. If
 * another copy has written the manifest since this copy started, everything is kept: a later copy knows which files
 * are stale.
 */
function* pruneStale(
  manifest: Manifest,
  folders: readonly Folder[],
  context: PruneContext,
): Generator<undefined> {
  const { system, roots, plan, changed, undeletable } = context;
  if (isWrittenMeanwhile(manifest, context)) return;
  const directories = new Set<string>();
  const unreadable = new Set<string>();
  const status = new FileStatus();
  const deleter = new Deleter(system, context);
  try {
    for (const { directory, name, folder, file } of manifest.stale()) {
      const full = path.join(directory, name);
      const root = rootOf(directory, roots);
      // In a damaged manifest a name may contain separators, and so lead to another directory.
      if (root === undefined || path.dirname(full) !== directory) continue;
      // A kept file stays recorded, so that it can be deleted when it is no longer kept. The same goes for one that
      // could not be deleted.
      if (context.kept.some((each) => isInside(each, full)) || undeletable.has(full)) continue;
      const opened = deleter.open(root, directory);
      const looked = typeof opened === 'number' ? opened : system.status(opened, name, false, status);
      if (looked < 0 && !NO_DIRECTORY.has(-looked)) {
        if (!unreadable.has(directory)) context.tally.warnings.push(cannotPrune(directory, -looked));
        unreadable.add(directory);
        continue;
      }
      if (typeof opened !== 'number') {
        const isAsCopied = looked >= 0 && isAsRecorded(folder.records, file, 'destination', status);
        if (isAsCopied && status.mayHaveLinks) changed.add(folder.records, file);
        const isOurs =
          isAsCopied ||
          (looked >= 0 &&
            (changed.explains(folder.records, file, status) || wasEmptied(status, plan.emptiedAt)));
        try {
          if (isOurs) note(full, context, deleter.deleteFile(opened, name));
        } catch (error) {
          context.onError(error);
          continue;
        }
        // If the file is gone, its directory may be left, and something else may have to be created in its place.
        if (isOurs || looked < 0) directories.add(directory);
      }
      manifest.forget(folder, file);
      yield;
    }
    if (directories.size === 0) return;
    const planned = new DestinationIndex(folders);
    // Deepest first: the directories in a directory are deleted before it is checked.
    for (const directory of [...directories].sort((one, other) => other.length - one.length)) {
      removeIfEmpty(directory, manifest.cwd, planned, deleter, context);
      yield;
    }
  } finally {
    deleter.close();
  }
}

function isWrittenMeanwhile({ at }: Manifest, { plan: { began = Date.now() } }: PruneContext): boolean {
  return at > began && at <= Date.now();
}

/** Notes the stale files with several names before {@link pruneEverything} deletes them. */
function* noteChanged(manifest: Manifest, { system, roots, changed }: PruneContext): Generator<undefined> {
  const status = new FileStatus();
  const deleter = new Deleter(system);
  try {
    for (const { directory, name, folder, file } of manifest.stale()) {
      yield;
      const root = rootOf(directory, roots);
      const opened = root === undefined ? undefined : deleter.open(root, directory);
      if (typeof opened !== 'object' || system.status(opened, name, false, status) < 0) continue;
      if (status.mayHaveLinks && isAsRecorded(folder.records, file, 'destination', status))
        changed.add(folder.records, file);
    }
  } finally {
    deleter.close();
  }
}

/** Whether a file has not changed since everything was to be deleted. A directory is never a recorded file. */
function wasEmptied(status: FileStatus, emptiedAt: number | undefined): boolean {
  return emptiedAt !== undefined && !status.isDirectory && Math.floor(status.touchedMs) < emptiedAt;
}

function cannotPrune(directory: string, errno: number): string {
  const reason = `${errorCode(errno)}: ${errorReason(errno)}`;
  return `stale files in ${JSON.stringify(directory)} were not deleted: ${reason}; the next copy tries again`;
}

/**
 * The innermost root that contains a directory. Links below a root are not followed, because they lead out of the
 * destination.
 */
function rootOf(directory: string, roots: readonly string[]): string | undefined {
  const around = roots.filter((root) => isInside(root, directory));
  return around.toSorted((one, other) => other.length - one.length)[0];
}

/**
 * Deletes a directory if it is empty and nothing is copied to it, and then its parents in the same way. A directory
 * that is copied to stays, so that it keeps its owner and its mode, and programs that watch it go on.
 */
function removeIfEmpty(
  directory: string,
  root: string,
  planned: DestinationIndex,
  deleter: Deleter,
  context: PruneContext,
): void {
  const { roots } = context;
  for (
    let current = directory;
    current !== root && current.startsWith(root + path.sep) && !planned.hasDirectory(current);
    current = path.dirname(current)
  ) {
    const parent = path.dirname(current);
    const opened = deleter.open(rootOf(parent, roots) ?? parent, parent);
    if (typeof opened === 'number' || !deleter.deleteEmpty(opened, path.basename(current))) return;
    context.deleted = true;
  }
}

/**
 * Deletes everything below `root` that is neither planned nor kept. Planned files stay until the copy replaces them, so
 * that none is lost if the copy fails.
 */
function* pruneEverything(
  root: string,
  planned: DestinationIndex,
  context: PruneContext,
): Generator<undefined> {
  const { kept, system, pruneRoots } = context;
  // In a dry run it still exists.
  if (system.expected?.isDeleted(root)) return;
  const deleter = new Deleter(system, context);
  // If an outer directory is emptied too, a link below it is not followed.
  const [outermost = root] = pruneRoots
    .filter((each) => isInside(each, root))
    .sort((one, other) => one.length - other.length);
  try {
    for (const [directory, entries] of planned.surplusIn(root, kept)) {
      for (const entry of entries) {
        const full = path.join(directory, entry.name);
        if (system.expected?.isDeleted(full)) continue;
        // Keep a special file in the place of a planned directory: the copy reports an error for it.
        if (!entry.isFile() && !entry.isDirectory() && planned.hasDirectory(full) && isSpecialFile(full))
          continue;
        try {
          note(full, context, yield* deleter.deleteIn(outermost, directory, entry));
        } catch (error) {
          context.onError(error);
        }
      }
      yield;
    }
  } finally {
    deleter.close();
  }
}

/** Counts and records what was deleted, or in a dry run would be deleted. */
function note(destination: string, context: PruneContext, files: number): void {
  const { tally, job } = context;
  context.deleted = true;
  tally.pruned += files;
  if ((job.entries || job.prunedEntries) && files > 0)
    tally.entries.push({ destination, action: 'pruned', bytes: 0 });
}
