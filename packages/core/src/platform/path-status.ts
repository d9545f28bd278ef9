import fs from 'node:fs';
import { onDisk } from './raw-names.ts';

/*
 * Status of paths that may not exist. Nothing here throws: a cycle of links, a path below a file, and a path in a
 * directory without search permission count as missing. The code that opens the path then reports the error.
 */

/** The result of a call, or `otherwise` if it throws. */
export function tryOr<T, Otherwise>(otherwise: Otherwise, call: () => T): T | Otherwise {
  try {
    return call();
  } catch {
    return otherwise;
  }
}

/** The status of a path. Links are followed. */
export function statOf(file: string): fs.Stats | undefined {
  return tryOr(undefined, () => fs.statSync(onDisk(file), { throwIfNoEntry: false }));
}

export function isDirectory(file: string): boolean {
  return statOf(file)?.isDirectory() ?? false;
}

/** Whether a path is a FIFO, a device or a socket, or leads to one. */
export function isSpecialFile(file: string): boolean {
  const status = statOf(file);
  return status !== undefined && !status.isFile() && !status.isDirectory();
}

/** Whether a path exists. A broken link counts as existing: it can be copied as a link. */
export function exists(file: string): boolean {
  return tryOr(undefined, () => fs.lstatSync(onDisk(file), { throwIfNoEntry: false })) !== undefined;
}
