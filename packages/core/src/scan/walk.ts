import type { Dirent } from 'node:fs';
import path from 'node:path';
import { kindOf, readDirectory } from './entries.ts';
import type { FoundFile } from './folder.ts';
import { followLink, refuseCycle } from './links.ts';

/** A directory of a walk: where it is, relative to where the walk began, and its files. */
export interface WalkedDirectory {
  source: string;
  /** With forward slashes; empty for the root. */
  relative: string;
  files: FoundFile[];
}

interface Walk {
  root: string;
  follow: boolean;
  /** Directories still to be read; the last is the next. */
  pending: WalkedDirectory[];
}

/**
 * Walks a directory from the top, one directory at a time, empty ones included. With `follow` a linked
 * directory is walked like any other, and a linked file counts as a file.
 */
export function* walk(root: string, follow: boolean): Generator<WalkedDirectory> {
  const walk: Walk = { root, follow, pending: [{ source: root, relative: '', files: [] }] };
  for (let next = walk.pending.pop(); next; next = walk.pending.pop()) {
    const entries = readDirectory(next.source);
    // Last in, first out: read from the end, directories come in the order they are in.
    for (let position = entries.length - 1; position >= 0; position--) add(walk, next, entries[position]!);
    next.files.reverse();
    yield next;
  }
}

/** Sorts one entry in. A function of its own: as part of the loop it would be compiled with all of the walk. */
function add({ root, follow, pending }: Walk, directory: WalkedDirectory, entry: Dirent): void {
  const { source, relative, files } = directory;
  const { name } = entry;
  let kind = kindOf(entry, source, name);
  const link = kind === 'link';
  if (link && follow) kind = kindBehind(path.join(source, name), root);
  if (kind !== 'directory') files.push({ name, as: name, link });
  else {
    pending.push({
      source: path.join(source, name),
      relative: relative ? `${relative}/${name}` : name,
      files: [],
    });
  }
}

function kindBehind(link: string, root: string): 'file' | 'directory' {
  const kind = kindOf(followLink(link), link);
  if (kind === 'directory') refuseCycle(link, root);
  return kind === 'directory' ? 'directory' : 'file';
}
