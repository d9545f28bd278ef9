import path from 'node:path';
import { terminated } from './link-target.ts';
import type { Directory, FileName } from './system.ts';

/** The path of what has a name in a directory, for `node:fs`: bytes where it is not UTF-8. */
export function pathIn(directory: Directory, name: FileName): string | Buffer {
  if (typeof name === 'string' && !directory.bytes) return `${directory.path}${path.sep}${name}`;
  return Buffer.concat([
    directory.bytes ?? Buffer.from(directory.path),
    Buffer.from(path.sep),
    Buffer.from(name),
  ]);
}

/**
 * An open directory. All are made here, because the fast path is compiled for objects whose fields come in one order, and
 * once more where another order comes along.
 */
export function opened(fd: number, { path, bytes }: Pick<Directory, 'path' | 'bytes'>): Directory {
  return { path, fd, bytes };
}

/** The paths of a directory in another one. */
export function childPaths(directory: Directory, name: FileName): Pick<Directory, 'path' | 'bytes'> {
  const full = pathIn(directory, name);
  return typeof full === 'string' ? { path: full } : { path: full.toString('latin1'), bytes: full };
}

/** A name as C takes it. */
export function nameInC(name: FileName): FileName {
  return typeof name === 'string' ? name : terminated(name);
}
