/**
 * The files that a copy would copy, for hosts that need their names before the copy starts.
 *
 * @module fs-reflink/list
 */

import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asThrown } from './errors.ts';
import type { PlannedFile } from './model/entry.ts';
import { type Folder, nameAs } from './model/files.ts';
import type { CopyOptions } from './options.ts';
import { hasOwnNames, resolveOverlaps, without } from './plan/collisions.ts';
import { SameNames } from './plan/same-names.ts';
import { resolveCopyOptions } from './resolve-options.ts';
import { Pending } from './scan/pending.ts';
import { scanTargets } from './scan/scan.ts';
import type { Target } from './target.ts';

export { Matcher } from './scan/matcher.ts';

/** How long the search for files may block the thread before other work gets an event loop turn. */
const SLICE_MS = 5;

/** A file or link that a target names. */
export interface ListedFile extends PlannedFile {
  /** Whether this is a symbolic link that will be copied as a link. */
  link: boolean;
}

/** What {@link list} finds. */
export interface FileList {
  /** One file for each destination. */
  files: ListedFile[];
  /**
   * The directories that were listed and are copied, including those without files, with their destinations. Absolute
   * paths.
   */
  folders: { source: string; destination: string }[];
  /** Warnings about targets that match nothing (with `allowMissing`), and about globs that match directories. */
  warnings: string[];
}

/**
 * Lists what {@link copy} would copy, for a host that needs the names before it is time to copy. Changes nothing. It
 * reads nothing from the destination, except whether letter case matters there, if two names differ only in case.
 * Runs on the calling thread, with pauses. Uses only the options `cwd`, `symlinks`, `overwrite`, `allowMissing` and
 * `leave`.
 *
 * @throws {TypeError} for an unknown option, or one of the wrong type
 * @throws {CopyError} if something is missing and `allowMissing` is not set
 */
export async function list(
  targets: Target | readonly Target[],
  options: CopyOptions = {},
): Promise<FileList> {
  const steps = listing(targets, options);
  let since = performance.now();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (step.value instanceof Pending) {
      await step.value.answered.catch((error: unknown) => {
        throw asThrown(error);
      });
    } else if (performance.now() - since < SLICE_MS) continue;
    await nextTurn();
    since = performance.now();
  }
}

/** Like {@link list}, but without pauses. If a function of a target returns a promise, this is a TypeError. */
export function listSync(targets: Target | readonly Target[], options: CopyOptions = {}): FileList {
  const steps = listing(targets, options);
  let step = steps.next();
  for (; !step.done; step = steps.next())
    if (step.value instanceof Pending) throw step.value.refuse('listSync', 'list');
  return step.value;
}

function* listing(
  given: Target | readonly Target[],
  options: CopyOptions,
): Generator<Folder | Pending, FileList> {
  const { job, plan } = resolveCopyOptions(given, options);
  const { targets, leave } = plan;
  const { symlinks, overwrite } = job.transfer;
  const all: Folder[] = [];
  const warnings: string[] = [];
  try {
    for (const folder of scanTargets({ ...plan, symlinks }, (message) => warnings.push(message))) {
      if (!(folder instanceof Pending)) all.push(folder);
      yield folder;
    }
  } catch (error) {
    throw asThrown(error);
  }
  const files: ListedFile[] = [];
  const folders: FileList['folders'] = [];
  const found = leave.length > 0 ? [...without(all, leave)] : all;
  const rules = { overwrite, names: new SameNames(false) };
  for (const folder of hasOwnNames(targets) ? found : resolveOverlaps(found, rules)) {
    const target = targets.indexOf(folder.target);
    // Joined once for all files of a directory: joining paths takes most of the time here.
    const from = path.join(folder.source, path.sep);
    const directory = path.join(folder.root, folder.below);
    const to = path.join(directory, path.sep);
    folders.push({ source: folder.source, destination: directory });
    const keepsLinks = (folder.target.symlinks ?? symlinks) === 'keep';
    const links = new Set(folder.links);
    for (const [file, name] of folder.names.entries()) {
      const destination = to + nameAs(folder, file);
      files.push({ source: from + name, destination, target, link: keepsLinks && links.has(file) });
    }
  }
  return { files, folders, warnings };
}
