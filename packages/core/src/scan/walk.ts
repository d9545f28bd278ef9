import fs from 'node:fs';
import path from 'node:path';
import { asCopyError } from '../errors.ts';
import { addFile, type WalkedDirectory } from '../model/files.ts';
import { isDirectory } from '../platform/path-status.ts';
import { childPath } from '../platform/paths.ts';
import { isRaw, onDisk } from '../platform/raw-names.ts';
import { stayDifferent } from '../platform/spelling.ts';
import {
  followLink,
  hasUndecodable,
  kindOf,
  type ListedEntry,
  lstatIfThere,
  readDirectory,
  refuseCycle,
  type Typed,
  undecodable,
} from './entries.ts';
import { type Enter, join } from './filter.ts';
import type { Matcher } from './matcher.ts';

/** A directory whose contents are mostly known from an earlier run. */
export interface Recalled {
  /** Names of its files that are already up to date in the destination. */
  files: string[];
  /** Names of its subdirectories. */
  directories: readonly string[];
  /** Names of all other entries, which need a stat call. */
  others: readonly string[];
  /** Whether the destination is known to contain nothing else. */
  alone: boolean;
}

/**
 * Recalls the files of `source` that are already up to date in `destination`, which is inside `root`. `names` are the
 * wanted names in the source directory; undefined means all. Returns undefined if nothing is known.
 */
export type Recall = (
  source: string,
  destination: string,
  root: string,
  names?: readonly string[],
) => Recalled | undefined;

export interface WalkOptions {
  recall?:
    | ((source: string, relative: string, names: readonly string[] | undefined) => Recalled | undefined)
    | undefined;
  /** Whether to walk a directory. Undefined: all are walked. */
  enter?: Enter | undefined;
  /** Decides which entries are wanted. Undefined: all are. */
  matcher?: Matcher | undefined;
  /** Whether names that are not UTF-8 are wanted too. */
  raw?: boolean | undefined;
  /** Whether FIFOs, devices and sockets are wanted too. */
  devices?: boolean | undefined;
  /** Called for each directory that itself matches, before its contents are read. */
  onDirectory?: ((relative: string) => void) | undefined;
  /** Called with each linked directory before it is walked. Throws if it must not be walked. */
  onLinked?: ((directory: string) => void) | undefined;
  /**
   * Called with the error of something that cannot be read, which is then left out. Undefined: the error ends the
   * walk.
   */
  onError?: ((error: unknown) => void) | undefined;
}

interface Walk extends WalkOptions {
  root: string;
  follow: boolean;
  /** Directories still to be read. The last one is read next. */
  pending: WalkedDirectory[];
}

/**
 * Walks a directory from the top, one directory at a time, including empty ones unless the matcher wants only files.
 * With `follow` a linked directory is walked like any other, and a linked file counts as a file. A recalled directory
 * is yielded in two parts if some of its files are not up to date.
 */
export function* walk(root: string, follow: boolean, options: WalkOptions = {}): Generator<WalkedDirectory> {
  const walk: Walk = { ...options, root, follow, pending: [{ source: root, relative: '', names: [] }] };
  const { recall, enter, matcher } = walk;
  for (let next = walk.pending.pop(); next; next = walk.pending.pop()) {
    try {
      const chosen = enter || matcher ? choose(walk, next) : undefined;
      const names = chosen?.map(({ name }) => name);
      // A linked directory may be anywhere on the disk: it is never recalled. Recalling needs paths that are UTF-8.
      const isKnown = !next.linked && !isRaw(next.source);
      const recalled = isKnown ? recall?.(next.source, next.relative, names) : undefined;
      if (recalled) {
        yield* take(walk, next, recalled);
        continue;
      }
      read(walk, next, chosen ?? decodable(walk, next.source, readDirectory(next.source)));
    } catch (error) {
      leaveOut(walk, error);
      continue;
    }
    if (isWanted(walk, next)) yield next;
  }
}

/** Skips something that cannot be read if `onError` is given. Otherwise throws the error. */
function leaveOut({ onError }: Walk, error: unknown): void {
  if (!onError) throw error;
  onError(error);
}

/** Whether a directory is yielded even if it contains no file. */
function isWanted({ matcher }: Walk, { names, relative }: WalkedDirectory): boolean {
  if (!matcher || names.length > 0) return true;
  return !matcher.filesOnly && (relative === '' || matcher.hasDirectory(relative));
}

/** The entries of a directory that are wanted or may contain wanted files. Links may turn out to be neither. */
function choose(walk: Walk, directory: WalkedDirectory): ListedEntry[] {
  const { source, relative: parent } = directory;
  const { enter, matcher, onDirectory } = walk;
  const names = matcher?.namesIn(parent);
  const entries = names ? lookUp(source, names) : readDirectory(source);
  const chosen = entries.filter((entry) => {
    const relative = join(parent, entry.name);
    if (entry.isDirectory()) {
      if (enter && !enter(relative)) return false;
      if (onDirectory && matcher?.hasDirectory(relative)) onDirectory(relative);
      return !matcher || matcher.enters(relative);
    }
    if (!matcher || matcher.hasFile(relative)) return true;
    if (!entry.isSymbolicLink() || !walk.follow) return false;
    // A link that does not match as a file counts only if it leads to a wanted directory. This is checked here only
    // if its name is not UTF-8, because such a name may be an error.
    return !isRaw(entry.name) || (isDirectory(path.join(source, entry.name)) && matcher.enters(relative));
  });
  return decodable(walk, source, chosen);
}

/** Bun's functions for paths and Deno's for names put the replacement character in place of bytes. */
const IS_NODE = process.versions.bun === undefined && process.versions.deno === undefined;

/** The entries whose names are UTF-8, unless the walk wants all names (`raw`). Each other entry is an error. */
function decodable(walk: Walk, directory: string, entries: ListedEntry[]): ListedEntry[] {
  if (walk.raw && IS_NODE) return entries;
  return entries.filter((entry) => {
    const isLost = () => hasUndecodable(entry) && !lstatIfThere(path.join(directory, entry.name));
    if (!isRaw(entry.name) && (IS_NODE || !isLost())) return true;
    leaveOut(walk, undecodable(path.join(directory, entry.name)));
    return false;
  });
}

/** The entries with these names, found without listing the directory. */
function lookUp(directory: string, names: readonly string[]): ListedEntry[] {
  return names.flatMap((name) => {
    const status = lstatIfThere(path.join(directory, name));
    return status ? [Object.assign(status, { name })] : [];
  });
}

function read(walk: Walk, directory: WalkedDirectory, entries: readonly ListedEntry[]): void {
  const { pending } = walk;
  const first = pending.length;
  for (const entry of takeFiles(entries, directory.names)) {
    try {
      add(walk, directory, entry.name, entry);
    } catch (error) {
      leaveOut(walk, error);
    }
  }
  // The last one is read next: reverse the new directories, so that they are read in the order of their listing.
  const children = pending.splice(first).reverse();
  noteAlike(children);
  for (const child of children) pending.push(child);
}

/** Sets `alike` on the subdirectories of a directory if a filesystem may take two of their names for one. */
function noteAlike(children: readonly WalkedDirectory[]): void {
  if (stayDifferent(children.map(({ relative }) => path.posix.basename(relative)))) return;
  for (const child of children) child.alike = true;
}

/**
 * Adds the names of plain files to `names` and returns all other entries. A loop that does only this is optimized
 * early.
 */
function takeFiles(entries: readonly ListedEntry[], names: string[]): ListedEntry[] {
  const others: ListedEntry[] = [];
  for (let position = 0; position < entries.length; position++) {
    const entry = entries[position]!;
    if (entry.isFile()) names.push(entry.name);
    else others.push(entry);
  }
  return others;
}

function* take(
  walk: Walk,
  directory: WalkedDirectory,
  { files, directories, others, alone }: Recalled,
): Generator<WalkedDirectory> {
  const { source } = directory;
  const { pending } = walk;
  const first = pending.length;
  for (const name of directories.toReversed()) pending.push(within(directory, name));
  for (const name of others) {
    try {
      add(walk, directory, name, lookAt(path.join(source, name)));
    } catch (error) {
      leaveOut(walk, error);
    }
  }
  noteAlike(pending.slice(first));
  const isOnlyHere = directory.names.length === 0 && isWanted(walk, directory);
  if (files.length > 0 || isOnlyHere)
    yield { ...directory, names: files, links: undefined, unchanged: { alone } };
  if (directory.names.length > 0) yield directory;
}

function lookAt(source: string): Typed {
  try {
    return fs.lstatSync(onDisk(source));
  } catch (error) {
    throw asCopyError(error, { source });
  }
}

function within(directory: WalkedDirectory, name: string, linked = directory.linked): WalkedDirectory {
  const { source, relative } = directory;
  return {
    source: childPath({ path: source }, name),
    relative: relative ? `${relative}/${name}` : name,
    names: [],
    ...(linked && { linked }),
    ...(directory.alike && { alike: true }),
  };
}

/**
 * Adds an entry to the directory or to the walk. This is a separate function: as part of the loop, it would be
 * compiled with all of the walk.
 */
function add(walk: Walk, directory: WalkedDirectory, name: string, entry: Typed): void {
  const { root, follow, enter, matcher, devices = false, onDirectory, onLinked, pending } = walk;
  const source = path.join(directory.source, name);
  const relative = join(directory.relative, name);
  const isFile = !matcher || matcher.hasFile(relative);
  const link = entry.isSymbolicLink();
  // A link to a file that is not wanted is skipped first: an error in following it does not matter.
  if (link && follow && !isFile && !isDirectory(source)) return;
  const kind =
    link && follow
      ? kindOf(followLink(source), devices, source)
      : kindOf(entry, devices, directory.source, name);
  if (kind !== 'directory') {
    if (isFile) addFile(directory, name, name, link || kind === 'special');
    return;
  }
  if (enter && !enter(relative)) return;
  if (link && onDirectory && matcher?.hasDirectory(relative)) onDirectory(relative);
  if (matcher && !matcher.enters(relative)) return;
  if (link) {
    refuseCycle(source, root);
    onLinked?.(source);
  }
  pending.push(within(directory, name, link || directory.linked));
}
