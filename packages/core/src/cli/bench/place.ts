import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError } from '../../errors.ts';
import { isDirectory } from '../../platform/path-status.ts';
import { UsageError } from '../failure.ts';

/** A directory that exists only during a measurement. */
export interface Scratch extends Disposable {
  readonly path: string;
}

/** The directory for the copies: the one that the user named, or the parent of the files, on the same filesystem. */
export function destinationFor(directory: string | undefined, to: string | undefined): string {
  const given = path.resolve(to ?? (directory === undefined ? '.' : path.dirname(path.resolve(directory))));
  if (!isDirectory(given)) throw new UsageError(`'${given}' is no directory, and copies are to go there`);
  if (directory === undefined) return given;
  if (!isDirectory(directory)) throw new UsageError(`'${directory}' is no directory`);
  if (to === undefined && fs.statSync(directory).dev !== fs.statSync(given).dev) {
    throw new UsageError(
      `'${directory}' is the root of its filesystem: copies beside it would be on another one. Say where with '--to'`,
    );
  }
  return given;
}

export function makeScratch(within: string): Scratch {
  const scratch = makeDirectory(within);
  return {
    path: scratch,
    [Symbol.dispose]: () => fs.rmSync(scratch, { recursive: true, force: true }),
  };
}

function makeDirectory(within: string): string {
  try {
    return fs.mkdtempSync(path.join(within, 'fs-reflink-bench-'));
  } catch (error) {
    const { code, reason, ...details } = asCopyError(error, { destination: within }).details;
    throw new CopyError({ ...details, code, reason: `${reason}; name another directory with '--to'` });
  }
}

/** Free bytes on the filesystem of a directory. */
export function freeBytes(directory: string): number {
  const { bavail, bsize } = fs.statfsSync(directory);
  return bavail * bsize;
}
