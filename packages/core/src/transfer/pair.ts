import type { TransferSettings } from '../model/settings.ts';
import { childPath } from '../platform/paths.ts';
import type { FileStatus } from '../platform/status.ts';
import type { Directory } from '../platform/system.ts';

/** An open source directory and the destination directory its files go to. */
export interface DirectoryPair {
  source: Directory;
  destination: Directory;
  /** What happens to existing entries of the destination. */
  overwrite: TransferSettings['overwrite'];
  /** Device of the destination, as one number. */
  device: number;
  /**
   * The status of the destination when it was opened, for {@link isStillThere}. Only used if it has no descriptor.
   */
  opened: FileStatus;
  /** This copy created the destination directory, so that no entries exist in it. */
  fresh: boolean;
  /** Temporary files of killed processes have been deleted. */
  swept: boolean;
  /** Files were copied whose directory entries are not on the disk yet. */
  unsynced: boolean;
}

/** A file, a link or a special file, and the destination that it is copied to. */
export interface PairedFile {
  pair: DirectoryPair;
  name: string;
  /** Its name in the destination. */
  as: string;
  /** Whether an earlier run created the existing destination, and nobody has changed it since. */
  isOurs: () => boolean;
}

/** Whether the existing destination of a file may be replaced. */
export function mayReplace({ pair: { overwrite }, isOurs }: PairedFile): boolean {
  return (overwrite !== false && overwrite !== 'error') || isOurs();
}

/**
 * Whether a later run replaces a torn file that a killed process left, which is newer than its source. If not,
 * nothing could tell a torn file from a user's file, so a new file gets its final name only when it is complete.
 */
export function replacesTorn({ overwrite }: Pick<DirectoryPair, 'overwrite'>): boolean {
  return overwrite === true || overwrite === 'changed';
}

/** The absolute paths of a source and its destination. */
export interface BothPaths {
  source: string;
  destination: string;
}

export function pathsOf({ pair, name, as }: Pick<PairedFile, 'pair' | 'name' | 'as'>): BothPaths {
  return { source: childPath(pair.source, name), destination: childPath(pair.destination, as) };
}
