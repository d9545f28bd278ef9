import path from 'node:path';
import { isInside } from '../inside.ts';
import { namesAs } from '../model/files.ts';
import type { Folder } from '../model/folder.ts';
import type { TransferSettings } from '../model/settings.ts';
import { ignoresCase } from '../platform/spelling.ts';
import { isKnown } from './record.ts';

/** The destination as planned: which names each directory will hold. */
export class DestinationIndex {
  /** By directory: names, and whether the file that has it now is to be left. */
  readonly #files = new Map<string, Map<string, boolean>>();
  /** Each with the directories in it. */
  readonly #directories = new Map<string, string[]>();
  /** Those that are known to hold nothing else. */
  readonly #alone = new Set<string>();
  readonly #spell: (directory: string) => string;

  /** `records` are what is known of each folder's files, `overwrite` what happens to others unless a target says. */
  constructor(
    folders: readonly Folder[],
    records: readonly (Uint32Array | undefined)[],
    overwrite: TransferSettings['overwrite'],
  ) {
    this.#spell = spellingOf(folders);
    for (const [position, folder] of folders.entries()) {
      const { root, below, target, unchanged } = folder;
      const known = records[position];
      // What is transformed is compared by its bytes.
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

  /** Whether the file that is there may turn out to be right, so that it has to be left for now. */
  mayBeRight(directory: string, name: string): boolean {
    return this.#files.get(this.#spell(directory))?.get(name) ?? false;
  }

  hasDirectory(directory: string): boolean {
    return this.#directories.has(directory);
  }

  isAlone(directory: string): boolean {
    return this.#alone.has(directory);
  }

  /** Absolute paths. */
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
 * Where the case of letters does not count, what is planned for two directories may go to one. Filesystems are asked
 * only where directories differ in nothing else.
 */
function spellingOf(folders: readonly Folder[]): (directory: string) => string {
  const directories = new Set(folders.map(({ root, below }) => path.join(root, below)));
  const lower = new Set([...directories].map((each) => each.toLowerCase()));
  if (lower.size === directories.size) return (directory) => directory;
  const roots = [...new Set(folders.map(({ root }) => root))].filter(ignoresCase);
  return (directory) =>
    roots.some((root) => isInside(root, directory)) ? directory.toLowerCase() : directory;
}
