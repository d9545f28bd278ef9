import type { ResolvedTarget } from '../target.ts';

/**
 * Files and links of one directory, as arrays: a directory of thousands of files is a list of names and nothing else.
 * A file is its position in `names`.
 */
export interface Files {
  /** Names in the source directory. */
  names: string[];
  /** Names in the destination, by position, if they differ from `names`. */
  renamed?: Record<number, string> | undefined;
  /**
   * Positions of the symbolic links, and of FIFOs, devices and sockets that are copied. If links are followed,
   * positions of the files that may be links. In ascending order.
   */
  links?: number[] | undefined;
}

/** The name of a file in the destination. */
export function nameAs({ names, renamed }: Files, file: number): string {
  return renamed?.[file] ?? names[file]!;
}

/** The names in the destination, by position. */
export function namesAs(files: Files): readonly string[] {
  return files.renamed ? files.names.map((_name, file) => nameAs(files, file)) : files.names;
}

export function addFile(files: Files, name: string, as: string, link: boolean): void {
  const file = files.names.push(name) - 1;
  if (as !== name) (files.renamed ??= {})[file] = as;
  if (link) (files.links ??= []).push(file);
}

/** The positions of the links as a set, to look up many files: {@link Files.links} may have thousands. */
export function linksOf({ links }: Files): ReadonlySet<number> {
  return new Set(links);
}

/**
 * The files at the given positions, without `renamed` and `links` of the others: spread over `files`, these replace
 * both. `links` is what {@link linksOf} returns for `files`.
 */
export function chooseFiles(
  files: Files,
  chosen: Iterable<number>,
  links: ReadonlySet<number> = linksOf(files),
): Files {
  const { names } = files;
  const part: Files = { names: [], renamed: undefined, links: undefined };
  for (const file of chosen) addFile(part, names[file]!, nameAs(files, file), links.has(file));
  return part;
}

/** The files that are kept. Returns `files` itself if all are kept. */
export function filterFiles<T extends Files>(files: T, isKept: (file: number) => boolean): T {
  const kept = files.names.map((_name, file) => file).filter(isKept);
  if (kept.length === files.names.length) return files;
  return { ...files, ...chooseFiles(files, kept) };
}

/**
 * Which directories of the destination are copies: `root` means the target's `to` and everything below it, `below`
 * means only what is below it. Undefined: their names are not those of source directories.
 */
export type Mirrors = 'root' | 'below' | undefined;

/** Files that were found in one source directory and have one destination directory. */
export interface Folder extends Files {
  /** Absolute path. */
  source: string;
  /** Absolute path of the target's `to`. */
  root: string;
  /** Path below `root`, with forward slashes; empty for `root` itself. */
  below: string;
  /** Which directories from `root` on are copies of directories of the source. */
  mirrors?: Mirrors;
  target: ResolvedTarget;
  /**
   * Whether a filesystem may take it for another directory of the same walk: a name in its path and the name of a
   * directory beside that one differ only in the case of letters or the form of accents.
   */
  alike?: boolean | undefined;
  /** Present if all of its files are already up to date. `alone`: the destination directory contains nothing else. */
  unchanged?: { alone: boolean } | undefined;
}

/** A directory that a walk found: its path, also relative to the start of the walk, and its files. */
export interface WalkedDirectory extends Files {
  source: string;
  /** With forward slashes; empty for the start of the walk. */
  relative: string;
  unchanged?: Folder['unchanged'];
  alike?: Folder['alike'];
  /** Whether it is, or is inside, a linked directory below the start of the walk. */
  linked?: boolean;
}
