import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CopyOptions, type PlannedFile, resolveCopyOptions } from './options.ts';
import { winnersOf } from './plan/winners.ts';
import type { Folder } from './scan/folder.ts';
import { scanTargets } from './scan/targets.ts';
import type { Target } from './target.ts';

/** How long looking for files may hold the thread before everything else gets a turn. */
const SLICE_MS = 5;

/** A file or link that targets name. */
export interface ListedFile extends PlannedFile {
  /** A symbolic link that is going to be placed as one. */
  link: boolean;
}

/**
 * Lists what {@link copy} would place, without looking at the destination and without touching anything: for a
 * host that has to know the names before it is time to place them. Runs on the calling thread, with pauses.
 * Of the options `cwd`, `symlinks`, `overwrite`, `allowMissing` and `leave` count.
 *
 * @throws {TypeError} for an unknown option, or one of the wrong type
 * @throws {CopyError} when something is missing that may not be
 */
export async function list(
  targets: Target | readonly Target[],
  options: CopyOptions = {},
): Promise<ListedFile[]> {
  const { transfer, allowMissing, leave, ...resolved } = resolveCopyOptions(targets, options);
  const folders: Folder[] = [];
  const left = new Set(leave);
  let since = performance.now();
  const settings = { targets: resolved.targets, symlinks: transfer.symlinks, allowMissing };
  for (const folder of scanTargets(settings, () => {})) {
    folders.push(folder);
    if (performance.now() - since < SLICE_MS) continue;
    await nextTurn();
    since = performance.now();
  }
  const keepsLinks = transfer.symlinks === 'keep';
  return winnersOf(folders, transfer.overwrite).flatMap(({ source, root, below, files, target }) => {
    const number = resolved.targets.indexOf(target);
    return files
      .map(({ name, as, link }) => ({
        source: path.join(source, name),
        destination: path.join(root, below, as),
        target: number,
        link: link && keepsLinks,
      }))
      .filter(({ destination }) => !left.has(destination));
  });
}
