import fs from 'node:fs';
import { onDisk } from '../platform/raw-names.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import { isStaleTemporary } from './temporary.ts';

const status = new FileStatus();

/**
 * Deletes what killed processes left in an open directory, by names relative to it: somebody may have put a link in
 * its place. Failing to is no reason to fail the copy.
 */
export function sweepTemporaries(system: System, directory: Directory): void {
  for (const name of namesIn(directory)) {
    // A file that is being copied may have its source's modification time already.
    const untouchedMs = () =>
      system.status(directory, name, false, status) < 0 ? 0 : Date.now() - status.touchedMs;
    if (isStaleTemporary(name, untouchedMs)) system.unlink(directory, name);
  }
}

function namesIn(directory: Directory): string[] {
  try {
    return fs.readdirSync(onDisk(directory.path));
  } catch {
    // Unreadable, or gone: then there is nothing of ours to find.
    return [];
  }
}
