import path from 'node:path';
import { CopyError } from '../errors.ts';
import { type Files, type Folder, nameAs, namesAs } from '../model/files.ts';
import { fold, type SameNames } from './same-names.ts';

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
export function collisionError(first: FoundIn, second: FoundIn): CopyError {
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

interface KeptFolder {
  folder: Folder;
  text: string;
}

/**
 * Finds files with the same destination in copies where each source directory has its own destination: the filesystem
 * of the destination may ignore letter case or the form of accents. Directories are added one by one.
 */
export class CollisionCheck {
  readonly #names: SameNames;
  /**
   * By the folded destination directory. There are several folders if spellings differ, or if part of a directory is
   * unchanged. The names of a folder are kept as one string, which takes a quarter of the memory.
   */
  readonly #folders = new Map<string, KeptFolder[]>();

  constructor(names: SameNames) {
    this.#names = names;
  }

  /** Throws a CopyError with code ERR_COLLISION if a file collides with one that was added before. */
  add(folder: Folder): void {
    const { below, names, unchanged } = folder;
    // Unchanged files exist in the destination, each under its own name.
    if (!unchanged && names.length > 1) this.#checkIn(folder);
    const key = fold(below);
    // A name never contains a slash.
    const kept = { folder: { ...folder, names: [], links: undefined }, text: names.join('/') };
    const others = this.#folders.get(key);
    if (!others) {
      this.#folders.set(key, [kept]);
      return;
    }
    for (const { folder: other, text } of others)
      if (text !== '') this.#checkBetween({ ...other, names: text.split('/') }, folder);
    others.push(kept);
  }

  #checkIn(folder: Folder): void {
    const { names } = folder;
    if (areDistinct(folder)) return;
    const seen = new Map<string, number[]>();
    for (const file of names.keys()) this.#compare(seen, folder, folder, file);
  }

  #checkBetween(first: Folder, second: Folder): void {
    const seen = new Map<string, number[]>();
    for (const file of first.names.keys()) listIn(seen, fold(nameAs(first, file))).push(file);
    for (const file of second.names.keys()) this.#compare(seen, first, second, file, false);
  }

  #compare(
    seen: Map<string, number[]>,
    first: Folder,
    second: Folder,
    file: number,
    adds: boolean = true,
  ): void {
    const list = listIn(seen, fold(nameAs(second, file)));
    const now = { folder: second, file };
    for (const each of list) {
      const before = { folder: first, file: each };
      if (this.#names.isSamePath(destinationOf(before), destinationOf(now)))
        throw collisionError(before, now);
    }
    if (adds) list.push(file);
  }
}

/** Whether all names of a folder are still different after they are folded. */
function areDistinct(folder: Folder): boolean {
  const given = folder.names.join('/');
  // A directory does not contain a name twice.
  if (!folder.renamed && fold(given) === given) return true;
  return new Set(foldedNames(folder)).size === folder.names.length;
}

/**
 * The folded names of files. They are folded as one string, because a call for each of thousands of names would take
 * several times as long.
 */
export function foldedNames(files: Files): string[] {
  // A name never contains a slash.
  return files.names.length === 0 ? [] : fold(namesAs(files).join('/')).split('/');
}

function listIn<Value>(lists: Map<string, Value[]>, key: string): Value[] {
  let list = lists.get(key);
  if (!list) lists.set(key, (list = []));
  return list;
}
