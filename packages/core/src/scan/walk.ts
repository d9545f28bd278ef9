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

/**
 * Walks a directory from the top, one directory at a time, empty ones included. With `follow` a linked
 * directory is walked like any other, and a linked file counts as a file.
 */
export function* walk(root: string, follow: boolean): Generator<WalkedDirectory> {
  const pending: { source: string; relative: string }[] = [{ source: root, relative: '' }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { source, relative } = next;
    const files: FoundFile[] = [];
    const below: { source: string; relative: string }[] = [];
    for (const entry of readDirectory(source)) {
      const { name } = entry;
      let kind = kindOf(entry, source, name);
      const link = kind === 'link';
      if (link && follow) kind = kindBehind(path.join(source, name), root);
      if (kind === 'directory') {
        below.push({ source: path.join(source, name), relative: relative ? `${relative}/${name}` : name });
      } else {
        files.push({ name, as: name, link });
      }
    }
    yield { source, relative, files };
    // Last in, first out: reversed, directories come in the order they were read.
    pending.push(...below.reverse());
  }
}

function kindBehind(link: string, root: string): 'file' | 'directory' {
  const kind = kindOf(followLink(link), link);
  if (kind === 'directory') refuseCycle(link, root);
  return kind === 'directory' ? 'directory' : 'file';
}
