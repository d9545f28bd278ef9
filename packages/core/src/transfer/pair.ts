import path from 'node:path';
import type { TransferSettings } from '../model/settings.ts';
import type { FileStatus } from '../platform/status.ts';
import type { Directory } from '../platform/system.ts';

/** An open source directory and the destination directory its files go to. */
export interface DirectoryPair {
  source: Directory;
  destination: Directory;
  /** What happens to what exists there. */
  overwrite: TransferSettings['overwrite'];
  /** Device of the destination, as one number. */
  device: number;
  /** What the destination was when it was opened, for {@link isStillThere}: where it has no descriptor. */
  opened: FileStatus;
  /** This copy made the destination directory: nothing can be in the way of its files. */
  fresh: boolean;
  /** Leftovers of killed processes were already looked for. */
  swept: boolean;
  /** Files were copied whose directory entries are not on the disk yet. */
  unsynced: boolean;
}

/** Whether files that exist may be replaced, all or some of them. */
export function mayReplace({ overwrite }: Pick<DirectoryPair, 'overwrite'>): boolean {
  return overwrite !== false && overwrite !== 'error';
}

/**
 * Whether a later run replaces the torn file that a killed process has left, which is younger than its source. Where it
 * does not, nothing could tell a torn file from one of the user's: there a new file gets its name once it is complete.
 */
export function replacesTorn({ overwrite }: Pick<DirectoryPair, 'overwrite'>): boolean {
  return overwrite === true || overwrite === 'changed';
}

/** Where a file comes from and goes to, for messages. */
export function pathsOf(
  pair: DirectoryPair,
  name: string,
  as: string,
): { source: string; destination: string } {
  return { source: join(pair.source, name), destination: join(pair.destination, as) };
}

function join(directory: Directory, name: string): string {
  return directory.path.endsWith(path.sep) ? directory.path + name : directory.path + path.sep + name;
}
