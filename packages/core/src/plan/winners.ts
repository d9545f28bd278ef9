import path from 'node:path';
import { systemError } from '../errors.ts';
import type { PlannedFile, TransferSettings } from '../options.ts';
import { EEXIST } from '../platform/errno.ts';
import type { Overlap } from '../report.ts';
import type { Folder, FoundFile } from '../scan/folder.ts';
import { ignoresCase } from '../scan/spelling.ts';
import type { ResolvedTarget } from '../target.ts';

/** A file, and where it was found. */
export interface FoundIn {
  folder: Folder;
  file: FoundFile;
}

/**
 * Which of several files for one place stays, as if they were copied one after the other. `onOverlap` is told of
 * each that does not.
 */
export function winnersOf(
  folders: Folder[],
  overwrite: TransferSettings['overwrite'],
  onOverlap?: (kept: FoundIn, left: FoundIn) => void,
): Folder[] {
  const placed = new Map<string, FoundIn>();
  const spell = spellingOf(folders);
  for (const folder of folders) {
    const { source, root, below, files, target } = folder;
    const rule = target.overwrite ?? overwrite;
    const directory = path.join(root, below);
    for (const file of files) {
      const key = spell(`${directory}\0${file.as}`, root);
      const before = placed.get(key);
      if (rule === 'error' && before) {
        const paths = { source: path.join(source, file.name), destination: path.join(directory, file.as) };
        throw systemError(EEXIST, paths);
      }
      const wins = rule !== false || !before;
      const winner = { folder, file };
      if (wins) placed.set(key, winner);
      if (before && onOverlap) onOverlap(wins ? winner : before, wins ? before : winner);
    }
  }
  return folders.map((folder) => {
    const directory = path.join(folder.root, folder.below);
    return only(folder, (file) => placed.get(spell(`${directory}\0${file.as}`, folder.root))?.file === file);
  });
}

/** Filesystems are asked only where two names differ in the case of letters alone. */
function spellingOf(folders: Folder[]): (key: string, root: string) => string {
  const keys = new Set<string>();
  const lower = new Set<string>();
  for (const { root, below, files } of folders) {
    const directory = path.join(root, below);
    for (const { as } of files) {
      const key = `${directory}\0${as}`;
      keys.add(key);
      lower.add(key.toLowerCase());
    }
  }
  if (keys.size === lower.size) return (key) => key;
  const ignoring = new Map(folders.map(({ root }) => [root, false]));
  for (const root of ignoring.keys()) ignoring.set(root, ignoresCase(root));
  return (key, root) => (ignoring.get(root) ? key.toLowerCase() : key);
}

/** An {@link Overlap} as the report has it. */
export function toOverlap(targets: readonly ResolvedTarget[], kept: FoundIn, left: FoundIn): Overlap {
  const planned = ({ folder, file }: FoundIn): PlannedFile => ({
    source: path.join(folder.source, file.name),
    destination: path.join(folder.root, folder.below, file.as),
    target: targets.indexOf(folder.target),
  });
  return { kept: planned(kept), left: planned(left) };
}

/** Folders without the files that would be placed at these absolute paths. */
export function* without(folders: Iterable<Folder>, paths: readonly string[]): Generator<Folder> {
  const left = new Set(paths);
  for (const folder of folders) {
    const { root, below } = folder;
    yield only(folder, ({ as }) => !left.has(path.join(root, below, as)));
  }
}

function only(folder: Folder, isKept: (file: FoundFile) => boolean): Folder {
  const files = folder.files.filter(isKept);
  return files.length < folder.files.length ? { ...folder, files, settled: undefined } : folder;
}

/** One whole directory under its own names cannot hold two files for one place. */
export function cannotCollide(targets: readonly ResolvedTarget[]): boolean {
  const [target] = targets;
  return targets.length === 1 && target!.rename === undefined && !target!.flatten;
}
