import fs from 'node:fs';
import { fromBytes, onDisk } from './raw-names.ts';

/*
 * Status of paths that may not exist. Only `ifThere` throws: a cycle of links, a path below a file, and a path in a
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

/** The result of a stat call. Undefined if nothing exists there, also if a parent is a file. */
export function ifThere(
  file: string,
  stat: (file: string | Buffer, options: { throwIfNoEntry: false }) => fs.Stats | undefined,
): fs.Stats | undefined {
  try {
    return stat(onDisk(file), { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
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

/**
 * The path without symbolic links. Returns the path itself if its real path does not lead to the same file: on Linux
 * that may go through a directory that this process may not enter, or, as that of `/proc/1/root/srv`, lead to other
 * mounts.
 */
export function realPath(file: string): string {
  return tryOr(file, () => {
    const given = onDisk(file);
    const real =
      typeof given === 'string'
        ? fs.realpathSync.native(given)
        : fromBytes(fs.realpathSync.native(given, { encoding: 'buffer' }));
    return process.platform !== 'linux' || isSameFile(given, onDisk(real)) ? real : file;
  });
}

function isSameFile(given: string | Buffer, real: string | Buffer): boolean {
  const one = fs.statSync(given, { bigint: true });
  const other = fs.statSync(real, { bigint: true });
  return one.dev === other.dev && one.ino === other.ino;
}
