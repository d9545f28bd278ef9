import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError } from '../errors.ts';
import { FileStatus } from '../platform/status.ts';
import type { System } from '../platform/system.ts';
import type { Tally } from '../report.ts';
import type { Folder } from '../scan/folder.ts';
import { lstatIfThere } from '../scan/links.ts';
import { isWithin } from '../within.ts';
import type { Manifest } from './manifest.ts';
import type { Outlook } from './outlook.ts';
import type { PlannedTree } from './planned-tree.ts';
import { forget, isAsRecorded } from './record.ts';

export interface PruneContext {
  tally: Tally;
  entries: boolean;
  /** On a dry run: where to note what would be deleted. */
  outlook: Outlook | undefined;
  /** Each target's `to`. */
  roots: readonly string[];
  /** Absolute paths that are left alone, with all that is in them. */
  kept: readonly string[];
  /** Whether anything was deleted. */
  deleted: boolean;
}

/** Deletes what earlier runs placed and nothing places now, unless someone changed it since. */
export function* pruneStale(manifest: Manifest, system: System, context: PruneContext): Generator<void> {
  const directories = new Set<string>();
  const status = new FileStatus();
  for (const { directory, name, folder, file } of manifest.stale()) {
    const full = path.join(directory, name);
    // Still ours, should it no longer be kept.
    if (context.kept.some((each) => isWithin(each, full))) continue;
    const opened = context.outlook?.isRemoved(full) ? -1 : system.openDirectory(directory);
    if (typeof opened !== 'number') {
      const there = system.status(opened, name, false, status) >= 0;
      system.closeDirectory(opened);
      const isOurs = there && isAsRecorded(folder.records, file, 'destination', status);
      // Somebody who has deleted the file may have left its directory, where something else has to go now.
      if ((isOurs || !there) && !isBehindLink(directory, context.roots)) {
        if (isOurs) remove(full, context, 1);
        directories.add(directory);
      }
    }
    if (!context.outlook) {
      forget(folder.records, file);
      manifest.changed = true;
    }
    yield;
  }
  // Deepest first, so that a directory is empty once its own are gone.
  for (const directory of [...directories].sort((one, other) => other.length - one.length)) {
    if (directory !== manifest.cwd) removeIfEmpty(directory, manifest.cwd, context);
  }
}

/** Whether a link below the target's `to` leads there: what is behind it is not part of the destination. */
function isBehindLink(directory: string, roots: readonly string[]): boolean {
  const around = roots.filter((root) => isWithin(root, directory));
  if (around.length === 0) return false;
  for (let current = directory; !around.includes(current); current = path.dirname(current))
    if (lstatIfThere(current)?.isSymbolicLink()) return true;
  return false;
}

/** Removes a directory that nothing is left in, and those above it that it was alone in. */
function removeIfEmpty(directory: string, root: string, context: PruneContext): void {
  const { outlook } = context;
  try {
    for (
      let current = directory;
      current !== root && current.startsWith(root + path.sep);
      current = path.dirname(current)
    ) {
      if (!outlook) fs.rmdirSync(current);
      else if (list(current).every(({ name }) => outlook.isRemoved(path.join(current, name))))
        outlook.remove(current);
      else return;
      context.deleted = true;
    }
  } catch {
    // Not empty: something in it is not ours, or is planned.
  }
}

/**
 * Deletes everything below `root` that is neither planned nor to be kept, as emptying it would have. So goes
 * what is planned but was not placed by us: to create a file anew is far cheaper than to replace one, for
 * which ext4 writes its data out at once.
 */
export function* pruneEverything(root: string, planned: PlannedTree, context: PruneContext): Generator<void> {
  const { kept } = context;
  const isKept = (full: string) => kept.some((each) => isWithin(each, full));
  const pending = [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    if (planned.isAlone(directory)) {
      pending.push(...planned.directoriesIn(directory).filter((each) => !isKept(each)));
      continue;
    }
    // On a dry run it is still there, and must not count twice.
    if (context.outlook?.isRemoved(directory)) continue;
    for (const entry of list(directory)) {
      const full = path.join(directory, entry.name);
      if (isKept(full) || context.outlook?.isRemoved(full)) continue;
      const isDirectory = entry.isDirectory();
      if (isDirectory && (planned.hasDirectory(full) || kept.some((each) => isWithin(full, each)))) {
        pending.push(full);
      } else if (isDirectory || !planned.hasFile(directory, entry.name)) {
        remove(full, context, isDirectory ? countFiles(full) : 1);
      } else if (!planned.mayBeRight(directory, entry.name)) {
        remove(full, context, 0);
      }
    }
    yield;
  }
}

/** Refuses to empty a directory that something is to be copied from. */
export function refuseSources(
  roots: Iterable<string>,
  folders: readonly Folder[],
  keep: readonly string[],
): void {
  // Below its root a directory that is settled is no link, and holds none.
  const unknown = folders.filter(({ source, target, settled }) => !settled || source === target.from);
  const sources = unknown.flatMap(({ source, files }) => [
    source,
    ...files.filter(({ link }) => link).map(({ name }) => path.join(source, name)),
  ]);
  const places = [...new Set(sources)].map((source) => ({ source, real: realPath(source) }));
  for (const destination of roots) {
    const root = realPath(destination);
    const kept = keep.map((each) => path.resolve(root, each));
    for (const { source, real } of places) {
      if (!isWithin(root, real) || kept.some((each) => isWithin(each, real))) continue;
      const reason = 'the source lies inside the destination, which is to be emptied';
      throw new CopyError({ code: 'ERR_NESTED', reason, source, destination });
    }
  }
}

function realPath(given: string): string {
  try {
    return fs.realpathSync.native(given);
  } catch {
    // Not there: then nothing can be lost there.
    return given;
  }
}

function list(directory: string): fs.Dirent[] {
  try {
    return fs.readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw asCopyError(error, { destination: directory });
  }
}

function countFiles(directory: string): number {
  return fs
    .readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory()).length;
}

function remove(destination: string, context: PruneContext, files: number): void {
  const { tally, entries, outlook } = context;
  context.deleted = true;
  try {
    if (outlook) outlook.remove(destination);
    else fs.rmSync(destination, { recursive: true, force: true });
  } catch (error) {
    throw asCopyError(error, { destination });
  }
  tally.pruned += files;
  if (entries && files > 0) tally.entries.push({ destination, action: 'pruned', bytes: 0 });
}
