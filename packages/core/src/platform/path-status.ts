import fs from 'node:fs';
import { onDisk } from './raw-names.ts';

/*
 * Status of paths that may not exist. Nothing here throws: a cycle of links, a path below a file, and a path in a
 * directory without search permission count as missing. The code that opens the path then reports the error.
 */

/** The status of a path. Links are followed. */
export function statOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(onDisk(file), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
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
  try {
    return fs.lstatSync(onDisk(file), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
