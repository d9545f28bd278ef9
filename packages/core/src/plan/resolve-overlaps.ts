import path from 'node:path';
import { systemError } from '../errors.ts';
import { filterFiles, nameAs } from '../model/files.ts';
import type { Folder } from '../model/folder.ts';
import type { PlannedFile } from '../model/planned-file.ts';
import type { TransferSettings } from '../model/settings.ts';
import { EEXIST } from '../platform/errno.ts';
import type { Overlap } from '../report.ts';
import { Pending } from '../scan/pending.ts';
import type { ResolvedTarget } from '../target.ts';
import { collisionError, destinationOf, type FoundIn, foldedNames, sourceOf } from './collisions.ts';
import { fold, type SameNames } from './same-names.ts';

/** Which names the filesystem takes for one, and what is called for a file that is not copied. */
export interface CollisionRules {
  /** What happens to a file that exists, unless a target says. */
  overwrite: TransferSettings['overwrite'];
  names: SameNames;
  onOverlap?: ((kept: FoundIn, left: FoundIn) => void) | undefined;
}

/**
 * Which of several files for one place stays, as if the targets were copied one after the other. Files of one target
 * have no order that the user gave: two of them for one place are an error, unless its own `overwrite` says who stays.
 */
export function resolveOverlaps(folders: Folder[], rules: CollisionRules): Folder[] {
  const { overwrite, names, onOverlap } = rules;
  const directories = new Map<string, Map<string, FoundIn[]>>();
  const losers = new Map<Folder, Set<number>>();
  for (const folder of folders) {
    const { root, below, names: given, target } = folder;
    const key = fold(path.join(root, below));
    let copied = directories.get(key);
    if (!copied) directories.set(key, (copied = new Map()));
    const folded = foldedNames(folder);
    for (const file of given.keys()) {
      const name = folded[file]!;
      const now = { folder, file };
      const alike = copied.get(name);
      if (!alike) {
        copied.set(name, [now]);
        continue;
      }
      const position = alike.findIndex((each) => names.isSamePath(destinationOf(each), destinationOf(now)));
      if (position < 0) {
        alike.push(now);
        continue;
      }
      const before = alike[position]!;
      const wins = replaces(before, now, before.folder.target === target ? undefined : overwrite);
      if (wins) alike[position] = now;
      const loser = wins ? before : now;
      const lost = losers.get(loser.folder) ?? new Set();
      losers.set(loser.folder, lost.add(loser.file));
      onOverlap?.(wins ? now : before, wins ? before : now);
    }
  }
  return folders.map((folder) => {
    const lost = losers.get(folder);
    return lost ? only(folder, (file) => !lost.has(file)) : folder;
  });
}

/** `otherwise` is the rule where the target has none; undefined: that is an error. */
function replaces(
  before: FoundIn,
  now: FoundIn,
  otherwise: TransferSettings['overwrite'] | undefined,
): boolean {
  const rule = now.folder.target.overwrite ?? otherwise;
  const isOfOneTarget = before.folder.target === now.folder.target;
  if (rule === undefined || (rule === 'error' && isOfOneTarget)) throw collisionError(before, now);
  if (rule === 'error') throw systemError(EEXIST, { source: sourceOf(now), destination: destinationOf(now) });
  return rule !== false;
}

/** An {@link Overlap} as the report has it. */
export function toOverlap(targets: readonly ResolvedTarget[], kept: FoundIn, left: FoundIn): Overlap {
  const planned = (found: FoundIn): PlannedFile => ({
    source: sourceOf(found),
    destination: destinationOf(found),
    target: targets.indexOf(found.folder.target),
  });
  return { kept: planned(kept), left: planned(left) };
}

/** Folders without the files that would be copied at these absolute paths. */
export function* without<T extends Folder | Pending>(
  folders: Iterable<T>,
  paths: readonly string[],
): Generator<T | Folder> {
  const left = new Set(paths);
  for (const folder of folders) {
    if (folder instanceof Pending) {
      yield folder;
      continue;
    }
    const { root, below } = folder;
    yield only(folder, (file) => !left.has(path.join(root, below, nameAs(folder, file))));
  }
}

function only(folder: Folder, isKept: (file: number) => boolean): Folder {
  const kept = filterFiles(folder, isKept);
  return kept === folder ? folder : { ...kept, unchanged: undefined };
}

/**
 * One whole directory under its own names cannot hold two files for one place, unless the filesystem there takes two
 * names for one; {@link CollisionCheck} finds that. A target that says who stays then needs {@link resolveOverlaps}.
 */
export function hasOwnNames(targets: readonly ResolvedTarget[]): boolean {
  const [target] = targets;
  const { rename, flatten, overwrite = 'error' } = target ?? {};
  return targets.length === 1 && !target!.others && rename === undefined && !flatten && overwrite === 'error';
}
