import path from 'node:path';
import { onDisk } from './raw-names.ts';
import type { Directory } from './system.ts';

/** The path of a name in a directory, for `node:fs`: bytes if it is not UTF-8. */
export function pathIn(directory: Directory, name: string): string | Buffer {
  return onDisk(childPath(directory, name));
}

/**
 * Creates an open directory. The order of the fields matters: for objects with another order, V8 would compile the
 * fast path once more.
 */
export function opened(fd: number, path: string): Directory {
  return { path, fd };
}

/** The path of a directory in another one. */
export function childPath(directory: Pick<Directory, 'path'>, name: string): string {
  return `${directory.path}${path.sep}${name}`;
}
