import path from 'node:path';
import { CopyError, systemError } from '../errors.ts';
import type { PlannedFile } from '../model/entry.ts';
import { type Folder, filterFiles, nameAs, namesAs } from '../model/files.ts';
import type { TransferSettings } from '../model/settings.ts';
import { EEXIST } from '../platform/errno.ts';
import { fold, foldAll, stayDifferent } from '../platform/spelling.ts';
import type { Overlap } from '../report.ts';
import { Pending } from '../scan/pending.ts';
import type { ResolvedTarget } from '../target.ts';
import type { SameNames } from './same-names.ts';

/** A file and the folder that it was found in. */
export interface FoundIn {
  folder: Folder;
  /** Its position in the folder. */
  file: number;
}

export function sourceOf({ folder, file }: FoundIn): string {
  return path.join(folder.source, folder.names[file]!);
}

export function destinationOf({ folder, file }: FoundIn): string {
  return path.join(folder.root, folder.below, nameAs(folder, file));
}

/** The error for a copy that would lose one of two files. */
function collisionError(first: FoundIn, second: FoundIn): CopyError {
  const destination = destinationOf(second);
  const other = destinationOf(first);
  const isSpelledAlike = other === destination;
  const why = isSpelledAlike
    ? `${JSON.stringify(sourceOf(first))} goes there too`
    : `${JSON.stringify(sourceOf(first))} goes to ${JSON.stringify(other)}, which is the same file: the filesystem there takes both names for one`;
  return new CopyError({
    code: 'ERR_COLLISION',
    reason: `${why}; give one of them another name, leave one out with "ignore", or set "overwrite" on the target to keep the last (true) or the first (false)`,
    source: sourceOf(second),
    destination,
  });
}

/** The rules for several files with the same destination. */
export interface CollisionRules {
  /** The option `overwrite`, which applies if a target does not set its own. */
  overwrite: TransferSettings['overwrite'];
  names: SameNames;
  onOverlap?: ((kept: FoundIn, left: FoundIn) => void) | undefined;
}

/**
 * Decides which of several files with the same destination is copied, as if the targets were copied one after the
 * other. The files of one target have no order that the user determines: two of them with the same destination are an
 * error, unless the target's own `overwrite` decides.
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
    const folded = foldAll(namesAs(folder));
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
    return lost ? keepFiles(folder, (file) => !lost.has(file)) : folder;
  });
}

/** Whether `now` replaces `before`. `otherwise` is the rule if the target has none; if it is undefined, throws. */
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

/** Returns an {@link Overlap} for the report. */
export function toOverlap(targets: readonly ResolvedTarget[], kept: FoundIn, left: FoundIn): Overlap {
  const planned = (found: FoundIn): PlannedFile => ({
    source: sourceOf(found),
    destination: destinationOf(found),
    target: targets.indexOf(found.folder.target),
  });
  return { kept: planned(kept), left: planned(left) };
}

/**
 * Finds files with the same destination in copies where each source directory has its own destination: the filesystem
 * of the destination may ignore letter case or the form of accents. Directories are added one by one.
 */
export class CollisionCheck {
  readonly #names: SameNames;
  /** Folders whose destination may be that of another folder, by the folded path. */
  readonly #alike = new Map<string, Folder[]>();

  constructor(names: SameNames) {
    this.#names = names;
  }

  /** Throws a CopyError with code ERR_COLLISION if a file collides with one that was added before. */
  add(folder: Folder): void {
    const { below, names, unchanged, alike } = folder;
    const key = fold(below);
    const before = alike ? (this.#alike.get(key) ?? []) : [];
    // Unchanged files exist in the destination, each under its own name.
    const isDistinct = unchanged !== undefined || stayDifferent(names);
    // Files of one target have no order: of two with the same destination, none is copied.
    if (before.length > 0 || !isDistinct)
      resolveOverlaps([...before, folder], { overwrite: 'error', names: this.#names });
    if (alike) this.#alike.set(key, [...before, folder]);
  }
}

/** Returns the folders without the files whose destinations are these absolute paths. */
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
    yield keepFiles(folder, (file) => !left.has(path.join(root, below, nameAs(folder, file))));
  }
}

function keepFiles(folder: Folder, isKept: (file: number) => boolean): Folder {
  const kept = filterFiles(folder, isKept);
  return kept === folder ? folder : { ...kept, unchanged: undefined };
}

/**
 * Whether a copy has one target whose files keep their names. Then two files cannot have the same destination, unless
 * the filesystem treats two names as one; {@link CollisionCheck} finds that. If the target sets `overwrite`, returns
 * false, because {@link resolveOverlaps} has to decide which file is kept.
 */
export function hasOwnNames(targets: readonly ResolvedTarget[]): boolean {
  const [target] = targets;
  const { rename, flatten, overwrite = 'error' } = target ?? {};
  return targets.length === 1 && !target!.others && rename === undefined && !flatten && overwrite === 'error';
}
