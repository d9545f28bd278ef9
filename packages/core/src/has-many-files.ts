import fs from 'node:fs';
import path from 'node:path';
import { splitFrom } from './split-from.ts';
import type { Target } from './target.ts';

/** So many small files take one thread a few milliseconds. To boot a worker takes 40 ms of processor time. */
const FEW_FILES = 64;

const PATTERN = /[*?{}()[\]!+@]/;

interface Pending {
  name: string;
  /** Levels of directories to look into, this one included. */
  levels: number;
}

/**
 * Whether there are so many files and directories in what targets name that a worker thread pays. Looks no further than
 * that. Of a glob all counts that may match by its depth alone.
 */
export function hasManyFiles(targets: readonly Pick<Target, 'from'>[], cwd = process.cwd()): boolean {
  let found = 0;
  const sources = targets.flatMap(({ from }) => splitFrom(from).sources);
  const pending = sources.map((from) => placeOf(path.resolve(cwd, from)));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { name, levels } = next;
    for (const entry of entriesOf(name)) {
      // A link may lead to a directory.
      if (levels > 1 && (entry.isDirectory() || entry.isSymbolicLink()))
        pending.push({ name: path.join(name, entry.name), levels: levels - 1 });
      else found++;
    }
    // Directories, and links in a circle, count too.
    if (++found + pending.length > FEW_FILES) return true;
  }
  return false;
}

/** None for a file, and where nothing can be listed: the copy says why. */
function entriesOf(name: string): fs.Dirent[] {
  try {
    return fs.readdirSync(name, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** A path that exists is no glob, whatever characters it has. */
function placeOf(from: string): Pending {
  if (!PATTERN.test(from) || fs.existsSync(from)) return { name: from, levels: Number.POSITIVE_INFINITY };
  const { root } = path.parse(from);
  const names = from.slice(root.length).split(path.sep);
  const first = names.findIndex((each) => PATTERN.test(each));
  const isDeep = names.some((each) => each.includes('**'));
  return {
    name: path.join(root, ...names.slice(0, first)),
    levels: isDeep ? Number.POSITIVE_INFINITY : names.length - first,
  };
}
