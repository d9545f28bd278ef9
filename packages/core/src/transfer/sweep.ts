import fs from 'node:fs';
import { tryOr } from '../platform/path-status.ts';
import { onDisk } from '../platform/raw-names.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import { isStaleTemporary } from './temporary.ts';

const status = new FileStatus();

/**
 * Deletes temporary files that killed processes left in an open directory. Uses names relative to the directory,
 * because a link may have replaced its path. Ignores errors: they are no reason to fail the copy.
 */
export function sweepTemporaries(system: System, directory: Directory): void {
  // Names are missing if the directory cannot be read or was deleted.
  for (const name of tryOr([], () => fs.readdirSync(onDisk(directory.path)))) {
    // The modification time alone is not enough: a file that is being copied may already have its source's.
    const untouchedMs = () =>
      system.status(directory, name, false, status) < 0 ? 0 : Date.now() - status.touchedMs;
    if (isStaleTemporary(name, untouchedMs)) system.unlink(directory, name);
  }
}
