import path from 'node:path';
import { isInside } from '../inside.ts';
import { type Files, type Folder, namesAs } from '../model/files.ts';
import { ignoresCase } from '../platform/spelling.ts';
import { type ListedEntry, listEntries } from '../scan/entries.ts';

/** The files of one directory of the destination. */
export type IndexedFolder = Pick<Folder, 'root' | 'below' | 'unchanged'> & Files;

/** The destination as it is planned, or as it was recorded: which names each directory contains. */
export class DestinationIndex {
  /** By directory: the names of its files. */
  readonly #files = new Map<string, Set<string>>();
  /** By directory: the directories in it. */
  readonly #directories = new Map<string, string[]>();
  /** The directories that are known to contain nothing else. */
  readonly #alone = new Set<string>();
  readonly #spell: (directory: string) => string;

  constructor(folders: readonly IndexedFolder[]) {
    this.#spell = spellingOf(folders);
    for (const folder of folders) {
      const directory = path.join(folder.root, folder.below);
      this.#directoriesIn(directory);
      if (folder.unchanged?.alone) {
        this.#alone.add(directory);
        continue;
      }
      const names = this.#files.get(this.#spell(directory)) ?? new Set<string>();
      for (const as of namesAs(folder)) names.add(as);
      this.#files.set(this.#spell(directory), names);
    }
  }

  /** Whether the index has files in a directory, or in one below it. */
  hasDirectory(directory: string): boolean {
    return this.#directories.has(directory);
  }

  /**
   * Finds what a directory contains besides the files of the index and what is `kept`, with everything in it: for each
   * directory that has to stay, its entries that do not. A link in the place of a directory is one of these.
   */
  *surplusIn(root: string, kept: readonly string[]): Generator<[directory: string, surplus: ListedEntry[]]> {
    const isKept = (full: string) => kept.some((each) => isInside(each, full));
    const pending = [root];
    for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
      if (this.#alone.has(directory)) {
        pending.push(...this.#directoriesIn(directory).filter((each) => !isKept(each)));
        continue;
      }
      const files = this.#files.get(this.#spell(directory));
      const surplus: ListedEntry[] = [];
      for (const entry of listEntries(directory)) {
        const isDirectory = entry.isDirectory();
        if (!isDirectory && files?.has(entry.name)) continue;
        const full = path.join(directory, entry.name);
        if (isKept(full)) continue;
        if (isDirectory && (this.hasDirectory(full) || kept.some((each) => isInside(full, each))))
          pending.push(full);
        else surplus.push(entry);
      }
      yield [directory, surplus];
    }
  }

  /** The absolute paths of the directories of the index in a directory. */
  #directoriesIn(directory: string): string[] {
    let known = this.#directories.get(directory);
    if (!known) {
      this.#directories.set(directory, (known = []));
      const parent = path.dirname(directory);
      if (parent !== directory) this.#directoriesIn(parent).push(directory);
    }
    return known;
  }
}

/**
 * If letter case does not matter, two directories of the index may be the same one. The filesystem is checked only if
 * some directories differ in nothing but case.
 */
function spellingOf(folders: readonly IndexedFolder[]): (directory: string) => string {
  const directories = new Set(folders.map(({ root, below }) => path.join(root, below)));
  const lower = new Set([...directories].map((each) => each.toLowerCase()));
  if (lower.size === directories.size) return (directory) => directory;
  const roots = [...new Set(folders.map(({ root }) => root))].filter(ignoresCase);
  return (directory) =>
    roots.some((root) => isInside(root, directory)) ? directory.toLowerCase() : directory;
}
