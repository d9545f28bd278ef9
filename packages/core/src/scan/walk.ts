import type { Dirent } from 'node:fs';
import path from 'node:path';
import { kindOf, readDirectory } from './entries.ts';
import type { Folder, FoundFile } from './folder.ts';
import { followLink, refuseCycle } from './links.ts';

/** A directory of a walk: where it is, relative to where the walk began, and its files. */
export interface WalkedDirectory {
  source: string;
  /** With forward slashes; empty for the root. */
  relative: string;
  files: FoundFile[];
  settled?: Folder['settled'];
}

/** A directory that need not be read again. */
export interface Recalled {
  /** Names of its files and of its directories; there is nothing else in it. */
  files: readonly string[];
  directories: readonly string[];
  /** Whether its destination holds nothing besides. */
  alone: boolean;
}

/** Knows directories whose every file is in place in `destination`, which lies in `root`. */
export type Recall = (source: string, destination: string, root: string) => Recalled | undefined;

interface Walk {
  root: string;
  follow: boolean;
  /** Directories still to be read; the last is the next. */
  pending: WalkedDirectory[];
}

/**
 * Walks a directory from the top, one directory at a time, empty ones included. With `follow` a linked
 * directory is walked like any other, and a linked file counts as a file. What is recalled is not read.
 */
export function* walk(
  root: string,
  follow: boolean,
  recall?: (source: string, relative: string) => Recalled | undefined,
): Generator<WalkedDirectory> {
  const walk: Walk = { root, follow, pending: [{ source: root, relative: '', files: [] }] };
  for (let next = walk.pending.pop(); next; next = walk.pending.pop()) {
    const recalled = recall?.(next.source, next.relative);
    if (recalled) take(walk, next, recalled);
    else read(walk, next);
    yield next;
  }
}

function read(walk: Walk, directory: WalkedDirectory): void {
  const entries = readDirectory(directory.source);
  // Last in, first out: read from the end, directories come in the order they are in.
  for (let position = entries.length - 1; position >= 0; position--) add(walk, directory, entries[position]!);
  directory.files.reverse();
}

function take({ pending }: Walk, directory: WalkedDirectory, { files, directories, alone }: Recalled): void {
  directory.settled = { alone };
  directory.files = files.map((name) => ({ name, as: name, link: false }));
  for (const name of directories.toReversed()) pending.push(within(directory, name));
}

function within({ source, relative }: WalkedDirectory, name: string): WalkedDirectory {
  return { source: path.join(source, name), relative: relative ? `${relative}/${name}` : name, files: [] };
}

/** Sorts one entry in. A function of its own: as part of the loop it would be compiled with all of the walk. */
function add({ root, follow, pending }: Walk, directory: WalkedDirectory, entry: Dirent): void {
  const { source, files } = directory;
  const { name } = entry;
  let kind = kindOf(entry, source, name);
  const link = kind === 'link';
  if (link && follow) kind = kindBehind(path.join(source, name), root);
  if (kind !== 'directory') files.push({ name, as: name, link });
  else pending.push(within(directory, name));
}

function kindBehind(link: string, root: string): 'file' | 'directory' {
  const kind = kindOf(followLink(link), link);
  if (kind === 'directory') refuseCycle(link, root);
  return kind === 'directory' ? 'directory' : 'file';
}
