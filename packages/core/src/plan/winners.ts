import path from 'node:path';
import { systemError } from '../errors.ts';
import type { TransferSettings } from '../options.ts';
import { EEXIST } from '../platform/errno.ts';
import type { Folder, FoundFile } from '../scan/folder.ts';
import type { ResolvedTarget } from '../target.ts';

/** Which of several files for one place stays, as if they were copied one after the other. */
export function winnersOf(folders: Folder[], overwrite: TransferSettings['overwrite']): Folder[] {
  const placed = new Map<string, FoundFile>();
  for (const { source, root, below, files, target } of folders) {
    const rule = target.overwrite ?? overwrite;
    const directory = path.join(root, below);
    for (const file of files) {
      const key = `${directory}\0${file.as}`;
      if (rule === 'error' && placed.has(key)) {
        const paths = { source: path.join(source, file.name), destination: path.join(directory, file.as) };
        throw systemError(EEXIST, paths);
      }
      if (rule !== false || !placed.has(key)) placed.set(key, file);
    }
  }
  return folders.map((folder) => {
    const directory = path.join(folder.root, folder.below);
    return {
      ...folder,
      files: folder.files.filter((file) => placed.get(`${directory}\0${file.as}`) === file),
    };
  });
}

/** Folders without the files that would be placed at these absolute paths. */
export function* without(folders: Iterable<Folder>, paths: readonly string[]): Generator<Folder> {
  const left = new Set(paths);
  for (const folder of folders) {
    const { root, below, files } = folder;
    const kept = files.filter(({ as }) => !left.has(path.join(root, below, as)));
    yield kept.length < files.length ? { ...folder, files: kept } : folder;
  }
}

/** One whole directory under its own names cannot hold two files for one place. */
export function cannotCollide(targets: readonly ResolvedTarget[]): boolean {
  const [target] = targets;
  return targets.length === 1 && target!.rename === undefined && !target!.flatten;
}
