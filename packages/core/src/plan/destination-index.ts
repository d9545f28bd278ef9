import path from 'node:path';
import { isInside } from '../inside.ts';
import { type Folder, namesAs } from '../model/files.ts';
import { ignoresCase } from '../platform/spelling.ts';

/** The planned destination: which names each directory will contain. */
export class DestinationIndex {
  /** By directory: the planned names. */
  readonly #files = new Map<string, Set<string>>();
  /** By directory: the directories in it. */
  readonly #directories = new Map<string, string[]>();
  /** The directories that are known to contain nothing else. */
  readonly #alone = new Set<string>();
  readonly #spell: (directory: string) => string;

  constructor(folders: readonly Folder[]) {
    this.#spell = spellingOf(folders);
    for (const folder of folders) {
      const directory = path.join(folder.root, folder.below);
      this.directoriesIn(directory);
      if (folder.unchanged?.alone) {
        this.#alone.add(directory);
        continue;
      }
      const names = this.#files.get(this.#spell(directory)) ?? new Set<string>();
      for (const as of namesAs(folder)) names.add(as);
      this.#files.set(this.#spell(directory), names);
    }
  }

  hasFile(directory: string, name: string): boolean {
    return this.#files.get(this.#spell(directory))?.has(name) ?? false;
  }

  /** Whether files are copied to a directory, or to one in it. */
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
