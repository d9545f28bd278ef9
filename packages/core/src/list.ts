/**
 * The files that a copy would copy, for hosts that have to know their names before it begins.
 *
 * @module fs-reflink/list
 */

import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asThrown } from './errors.ts';
import { nameAs } from './model/files.ts';
import type { Folder } from './model/folder.ts';
import type { PlannedFile } from './model/planned-file.ts';
import type { CopyOptions } from './options.ts';
import { hasOwnNames, resolveOverlaps, without } from './plan/resolve-overlaps.ts';
import { SameNames } from './plan/same-names.ts';
import { resolveCopyOptions } from './resolve-options.ts';
import { Pending } from './scan/pending.ts';
import { scanTargets } from './scan/targets.ts';
import type { Target } from './target.ts';

export { Matcher } from './scan/matcher.ts';

/** How long looking for files may hold the thread before everything else gets a turn. */
const SLICE_MS = 5;

/** A file or link that targets name. */
export interface ListedFile extends PlannedFile {
  /** A symbolic link that is going to be copied as one. */
  link: boolean;
}

/** What {@link list} finds. */
export interface FileList {
  /** One for each destination. */
  files: ListedFile[];
  /**
   * Directories that were looked into and are copied, those without files included, and what is made of them: absolute
   * paths.
   */
  folders: { source: string; destination: string }[];
  /** Targets that match nothing, where `allowMissing` allows that, and globs that match directories. */
  warnings: string[];
}

/**
 * Lists what {@link copy} would copy, without touching anything, and without looking at the destination but for
 * whether the case of letters counts there, where two names differ in it alone: for a host that has to know the
 * names before it is time to copy them. Runs on the calling thread, with pauses.
 * Of the options `cwd`, `symlinks`, `overwrite`, `allowMissing` and `leave` count.
 *
 * @throws {TypeError} for an unknown option, or one of the wrong type
 * @throws {CopyError} when something is missing that may not be
 */
export async function list(
  targets: Target | readonly Target[],
  options: CopyOptions = {},
): Promise<FileList> {
  const listing = new Listing(targets, options);
  let since = performance.now();
  for (const found of listing.find()) {
    if (found instanceof Pending) {
      await found.answered.catch((error: unknown) => {
        throw asThrown(error);
      });
    } else if (performance.now() - since < SLICE_MS) continue;
    await nextTurn();
    since = performance.now();
  }
  return listing.result();
}

/** {@link list} without pauses. Functions of a target that return a promise are refused. */
export function listSync(targets: Target | readonly Target[], options: CopyOptions = {}): FileList {
  const listing = new Listing(targets, options);
  for (const found of listing.find()) if (found instanceof Pending) throw found.refuse('listSync', 'list');
  return listing.result();
}

class Listing {
  readonly #options;
  readonly #folders: Folder[] = [];
  readonly #warnings: string[] = [];

  constructor(targets: Target | readonly Target[], options: CopyOptions) {
    this.#options = resolveCopyOptions(targets, options);
  }

  *find(): Generator<Folder | Pending> {
    const { job, plan } = this.#options;
    const settings = { ...plan, symlinks: job.transfer.symlinks };
    try {
      for (const folder of scanTargets(settings, (message) => this.#warnings.push(message))) {
        if (!(folder instanceof Pending)) this.#folders.push(folder);
        yield folder;
      }
    } catch (error) {
      throw asThrown(error);
    }
  }

  result(): FileList {
    const { targets, leave } = this.#options.plan;
    const { transfer } = this.#options.job;
    const files: ListedFile[] = [];
    const folders: FileList['folders'] = [];
    const found = leave.length > 0 ? [...without(this.#folders, leave)] : this.#folders;
    const rules = { overwrite: transfer.overwrite, names: new SameNames(false) };
    for (const folder of hasOwnNames(targets) ? found : resolveOverlaps(found, rules)) {
      const target = targets.indexOf(folder.target);
      // Once for all files of a directory: joining paths is most of the time this takes.
      const from = withSeparator(folder.source);
      const directory = path.join(folder.root, folder.below);
      const to = withSeparator(directory);
      folders.push({ source: folder.source, destination: directory });
      const keepsLinks = (folder.target.symlinks ?? transfer.symlinks) === 'keep';
      const links = new Set(folder.links);
      for (const [file, name] of folder.names.entries()) {
        const destination = to + nameAs(folder, file);
        files.push({ source: from + name, destination, target, link: keepsLinks && links.has(file) });
      }
    }
    return { files, folders, warnings: this.#warnings };
  }
}

function withSeparator(directory: string): string {
  return directory.endsWith(path.sep) ? directory : directory + path.sep;
}
