import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError } from '../errors.ts';
import { isInside } from '../inside.ts';
import { fromBytes, onDisk } from '../platform/raw-names.ts';

/**
 * The lstat of a path. Returns undefined if nothing exists there, also if a parent is a file: `throwIfNoEntry` alone
 * would throw.
 */
export function lstatIfThere(file: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(onDisk(file), { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The stat of a path, with links followed. A broken link throws an error that says so. */
export function followLink(source: string): fs.Stats {
  try {
    return fs.statSync(onDisk(source));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asCopyError(error, { source });
    throw new CopyError({
      code: 'ENOENT',
      reason: `broken symbolic link, its target ${JSON.stringify(fs.readlinkSync(onDisk(source), 'utf8'))} does not exist`,
      source,
      cause: error,
    });
  }
}

/**
 * Throws if a linked directory leads back to one of its parents, because walking it would never end. `root` is the
 * start of the walk.
 */
export function refuseCycle(directory: string, root: string): void {
  const real = realPath(directory);
  for (let above = path.dirname(directory); isInside(root, above); above = path.dirname(above)) {
    if (isInside(real, realPath(above))) {
      throw new CopyError({
        code: 'ELOOP',
        reason: `symbolic link cycle: it leads back to ${JSON.stringify(above)}`,
        source: directory,
      });
    }
    if (above === root) return;
  }
}

function realPath(file: string): string {
  const given = onDisk(file);
  if (typeof given === 'string') return fs.realpathSync.native(given);
  return fromBytes(fs.realpathSync.native(given, { encoding: 'buffer' }));
}
