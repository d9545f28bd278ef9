import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError } from '../errors.ts';
import { isInside } from '../inside.ts';

/** What stands at a path, if anything does: `throwIfNoEntry` alone throws when a file is above it. */
export function lstatIfThere(file: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(file, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** What stands at a path once links are followed. A broken link is a named error. */
export function followLink(source: string): fs.Stats {
  try {
    return fs.statSync(source);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asCopyError(error, { source });
    throw new CopyError({
      code: 'ENOENT',
      reason: `broken symbolic link, its target ${JSON.stringify(fs.readlinkSync(source))} does not exist`,
      source,
      cause: error,
    });
  }
}

/**
 * Refuses a linked directory that leads back to one it lies in: walking it would not end. `root` is where
 * the walk began.
 */
export function refuseCycle(directory: string, root: string): void {
  const real = fs.realpathSync.native(directory);
  for (let above = path.dirname(directory); isInside(root, above); above = path.dirname(above)) {
    if (isInside(real, fs.realpathSync.native(above))) {
      throw new CopyError({
        code: 'ELOOP',
        reason: `symbolic link cycle: it leads back to ${JSON.stringify(above)}`,
        source: directory,
      });
    }
    if (above === root) return;
  }
}
