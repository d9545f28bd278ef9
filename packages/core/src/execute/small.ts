import fs from 'node:fs';
import path from 'node:path';
import type { Folder } from '../model/folder.ts';

/** A copy within both bounds takes a few milliseconds, less than starting a worker thread. */
const FEW_FILES = 32;
const FEW_BYTES = 1024 * 1024;
/** Directories without files cost time too. */
const FEW_FOLDERS = 64;

/**
 * Looks at the first files of a copy. `small` says whether that was all of it; what was found need not be
 * looked for again.
 */
export function peek(folders: Iterator<Folder>): { small: boolean; found: Folder[] } {
  const found: Folder[] = [];
  let files = 0;
  let bytes = 0;
  for (;;) {
    const next = folders.next();
    if (next.done) return { small: true, found };
    found.push(next.value);
    files += next.value.names.length;
    if (files > FEW_FILES || found.length > FEW_FOLDERS) return { small: false, found };
    bytes += sizeOf(next.value);
    if (bytes > FEW_BYTES) return { small: false, found };
  }
}

function sizeOf({ source, names }: Folder): number {
  let bytes = 0;
  for (const name of names) {
    try {
      bytes += fs.statSync(path.join(source, name)).size;
    } catch {
      // A link that leads nowhere may be kept as a link; what is no file is refused when it is copied.
    }
  }
  return bytes;
}

/** What was found, and then the rest. */
export function* resume(found: Folder[], rest: Iterator<Folder>): Generator<Folder> {
  yield* found;
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
}
