import path from 'node:path';
import { onDisk } from './raw-names.ts';
import type { Directory } from './system.ts';

/** The path of what has a name in a directory, for `node:fs`: bytes where it is not UTF-8. */
export function pathIn(directory: Directory, name: string): string | Buffer {
  return onDisk(childPath(directory, name));
}

/**
 * An open directory. All are made here, because the fast path is compiled for objects whose fields come in one order, and
 * once more where another order comes along.
 */
export function opened(fd: number, path: string): Directory {
  return { path, fd };
}

/** The path of a directory in another one. */
export function childPath(directory: Pick<Directory, 'path'>, name: string): string {
  return `${directory.path}${path.sep}${name}`;
}
