import path from 'node:path';
import { isInside } from '../inside.ts';
import { namesAs } from '../model/files.ts';
import type { Folder } from '../model/folder.ts';
import type { TransferSettings } from '../model/settings.ts';
import { ignoresCase } from '../platform/spelling.ts';
import { isKnown } from './record.ts';

/** The planned destination: which names each directory will contain. */
export class DestinationIndex {
  /** By directory: the planned names, and whether the existing file with this name must be kept for now. */
  readonly #files = new Map<string, Map<string, boolean>>();
  /** By directory: the directories in it. */
  readonly #directories = new Map<string, string[]>();
  /** The directories that are known to contain nothing else. */
  readonly #alone = new Set<string>();
  readonly #spell: (directory: string) => string;

  /**
   * `records` are the manifest's records of each folder's files. `overwrite` applies if a target does not set its
   * own.
   */
  constructor(
    folders: readonly Folder[],
    records: readonly (Uint32Array | undefined)[],
    overwrite: TransferSettings['overwrite'],
  ) {
    this.#spell = spellingOf(folders);
    for (const [position, folder] of folders.entries()) {
      const { root, below, target, unchanged } = folder;
      const known = records[position];
      // The copy compares transformed files by their bytes.
      const stays = target.transform !== undefined || (target.overwrite ?? overwrite) !== true;
      const directory = path.join(root, below);
      this.directoriesIn(directory);
      if (unchanged?.alone) {
        this.#alone.add(directory);
        continue;
      }
      const names = this.#files.get(this.#spell(directory)) ?? new Map<string, boolean>();
      for (const [file, as] of namesAs(folder).entries())
        names.set(as, stays || (known !== undefined && (unchanged !== undefined || isKnown(known, file))));
      this.#files.set(this.#spell(directory), names);
    }
  }

  hasFile(directory: string, name: string): boolean {
    return this.#files.get(this.#spell(directory))?.has(name) ?? false;
  }

  /** Whether the existing file may be up to date, so that it must be kept for now. */
  mayBeRight(directory: string, name: string): boolean {
    return this.#files.get(this.#spell(directory))?.get(name) ?? false;
  }

  hasDirectory(directory: string): boolean {
    return this.#directories.has(directory);
  }

  isAlone(directory: string): boolean {
    return this.#alone.has(directory);
  }

  /** The absolute paths of the planned directories in a directory. */
  directoriesIn(directory: string): string[] {
    let known = this.#directories.get(directory);
    if (!known) {
      this.#directories.set(directory, (known = []));
      const parent = path.dirname(directory);
      if (parent !== directory) this.directoriesIn(parent).push(directory);
    }
    return known;
  }
}

/**
 * If letter case does not matter, two planned directories may be the same one. The filesystem is checked only if some
 * directories differ in nothing but case.
 */
function spellingOf(folders: readonly Folder[]): (directory: string) => string {
  const directories = new Set(folders.map(({ root, below }) => path.join(root, below)));
  const lower = new Set([...directories].map((each) => each.toLowerCase()));
  if (lower.size === directories.size) return (directory) => directory;
  const roots = [...new Set(folders.map(({ root }) => root))].filter(ignoresCase);
  return (directory) =>
    roots.some((root) => isInside(root, directory)) ? directory.toLowerCase() : directory;
}
