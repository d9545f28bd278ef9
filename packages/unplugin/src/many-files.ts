import fs from 'node:fs';
import path from 'node:path';

/** So many small files take one thread a few milliseconds. To boot a worker takes 40 ms of processor time. */
const FEW_FILES = 64;

/**
 * Whether there are so many files in these files and directories that a worker pays. Looks no further than that. What
 * does not exist under its name, a glob, may be many.
 */
export function hasManyFiles(paths: readonly string[]): boolean {
  let files = 0;
  const pending = [...paths];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    let entries: fs.Dirent[];
    try {
      entries = fs.readdirSync(next, { withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') return true;
      if (++files > FEW_FILES) return true;
      continue;
    }
    for (const entry of entries) {
      // A link may lead to a directory.
      if (entry.isDirectory() || entry.isSymbolicLink()) pending.push(path.join(next, entry.name));
      else files++;
    }
    // Directories, and links in a circle, count too.
    if (++files > FEW_FILES || pending.length > FEW_FILES) return true;
  }
  return false;
}
