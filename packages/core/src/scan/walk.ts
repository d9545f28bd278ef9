import fs from 'node:fs';
import path from 'node:path';
import { asCopyError } from '../errors.ts';
import { addFile, type Files } from '../model/files.ts';
import type { Folder } from '../model/folder.ts';
import { kindOf, readDirectory, type Typed } from './entries.ts';
import type { Enter } from './filter.ts';
import { followLink, refuseCycle } from './links.ts';

/** A directory of a walk: where it is, relative to where the walk began, and its files. */
export interface WalkedDirectory extends Files {
  source: string;
  /** With forward slashes; empty for the root. */
  relative: string;
  unchanged?: Folder['unchanged'];
  /** It is, or lies in, a directory below the root that is a link. */
  linked?: boolean;
}

/** A directory of which most is known. */
export interface Recalled {
  /** Names of the files in it that are in place. */
  files: string[];
  /** Names of directories in it. */
  directories: readonly string[];
  /** Names of all else in it, which is to be looked at. */
  others: readonly string[];
  /** Whether its destination is known to hold nothing that is not in it. */
  alone: boolean;
}

/** Knows files that are in place in `destination`, which lies in `root`. */
export type Recall = (source: string, destination: string, root: string) => Recalled | undefined;

interface Walk {
  root: string;
  follow: boolean;
  enter: Enter | undefined;
  /** Directories still to be read; the last is the next. */
  pending: WalkedDirectory[];
}

export interface WalkOptions {
  recall?: ((source: string, relative: string) => Recalled | undefined) | undefined;
  /** Whether to walk a directory; undefined: all. */
  enter?: Enter | undefined;
}

/**
 * Walks a directory from the top, one directory at a time, empty ones included. With `follow` a linked
 * directory is walked like any other, and a linked file counts as a file. A directory that is recalled comes
 * in two parts where not all of it is in place.
 */
export function* walk(
  root: string,
  follow: boolean,
  { recall, enter }: WalkOptions = {},
): Generator<WalkedDirectory> {
  const walk: Walk = { root, follow, enter, pending: [{ source: root, relative: '', names: [] }] };
  for (let next = walk.pending.pop(); next; next = walk.pending.pop()) {
    // What is behind a link may lie anywhere.
    const recalled = next.linked ? undefined : recall?.(next.source, next.relative);
    if (recalled) yield* take(walk, next, recalled);
    else yield read(walk, next);
  }
}

function read(walk: Walk, directory: WalkedDirectory): WalkedDirectory {
  const { pending } = walk;
  const first = pending.length;
  const entries = readDirectory(directory.source);
  for (const entry of takeFiles(entries, directory.names)) add(walk, directory, entry.name, entry);
  // The last is the next: directories come in the order they are listed in.
  for (const child of pending.splice(first).reverse()) pending.push(child);
  return directory;
}

/** Adds the names of plain files to `names`. Returns all else. A loop with nothing else in it is optimized soon. */
function takeFiles(entries: readonly fs.Dirent[], names: string[]): fs.Dirent[] {
  const others: fs.Dirent[] = [];
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
  for (const name of directories.toReversed()) walk.pending.push(within(directory, name));
  for (const name of others) add(walk, directory, name, lookAt(path.join(source, name)));
  if (files.length > 0 || directory.names.length === 0)
    yield { ...directory, names: files, links: undefined, unchanged: { alone } };
  if (directory.names.length > 0) yield directory;
}

function lookAt(source: string): Typed {
  try {
    return fs.lstatSync(source);
  } catch (error) {
    throw asCopyError(error, { source });
  }
}

function within(directory: WalkedDirectory, name: string, linked = directory.linked): WalkedDirectory {
  const { source, relative } = directory;
  return {
    source: source.endsWith(path.sep) ? source + name : source + path.sep + name,
    relative: relative ? `${relative}/${name}` : name,
    names: [],
    ...(linked && { linked }),
  };
}

/** Sorts an entry in. A function of its own: as part of the loop it would be compiled with all of the walk. */
function add(
  { root, follow, enter, pending }: Walk,
  directory: WalkedDirectory,
  name: string,
  entry: Typed,
): void {
  const { source } = directory;
  let kind = kindOf(entry, source, name);
  const link = kind === 'link';
  if (link && follow) kind = kindOf(followLink(path.join(source, name)), path.join(source, name));
  if (kind !== 'directory') {
    addFile(directory, name, name, link);
    return;
  }
  const child = within(directory, name, link || directory.linked);
  if (enter && !enter(child.relative)) return;
  if (link) refuseCycle(child.source, root);
  pending.push(child);
}
