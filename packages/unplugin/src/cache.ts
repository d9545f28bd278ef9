import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { OutputTargets } from './targets.ts';

/** Where a project keeps what may be thrown away, for hosts that do not say so themselves. */
export function cacheDirectoryOf(root: string): string {
  if (fs.existsSync(path.join(root, 'node_modules')))
    return path.join(root, 'node_modules/.cache/unplugin-reflink');
  // Of this user alone: what lies in a shared directory decides what is deleted.
  const user = process.getuid?.() ?? os.userInfo().username;
  return path.join(os.tmpdir(), `unplugin-reflink-${user}`, nameOf(root));
}

/**
 * A part of it for builds that share an output directory, each with targets of its own: none of them may take
 * what another has placed for stale.
 */
export function sharedCacheDirectory(cacheDirectory: string, targets: OutputTargets): string {
  const text = JSON.stringify(targets, (_key, value) =>
    typeof value === 'function' ? String(value) : value,
  );
  return path.join(cacheDirectory, nameOf(text));
}

/** What was placed is noted outside the output, one file for each output directory. */
export function manifestFile(cacheDirectory: string, directory: string): string {
  return path.join(cacheDirectory, `${nameOf(directory)}.manifest`);
}

function nameOf(directory: string): string {
  return createHash('sha256').update(directory).digest('hex').slice(0, 16);
}
