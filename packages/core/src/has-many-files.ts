import fs from 'node:fs';
import path from 'node:path';
import { splitFrom } from './path-or-url.ts';
import type { Target } from './target.ts';

/** One thread copies this many small files in a few milliseconds. Booting a worker takes 40 ms of processor time. */
const FEW_FILES = 64;

const PATTERN = /[*?{}()[\]!+@]/;

interface Pending {
  name: string;
  /** How many levels of directories to list, including this one. */
  levels: number;
}

/**
 * Whether the targets name so many files and directories that a worker thread is worth it. Stops as soon as this is
 * known. For a glob, counts everything whose depth could match.
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
    // Count directories too: links may form a cycle.
    if (++found + pending.length > FEW_FILES) return true;
  }
  return false;
}

/** Returns nothing for a file, or if the directory cannot be listed: the copy reports the error. */
function entriesOf(name: string): fs.Dirent[] {
  try {
    return fs.readdirSync(name, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** A path that exists is not a glob, even if it contains special characters. */
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
