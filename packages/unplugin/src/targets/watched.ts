import fs from 'node:fs';
import path from 'node:path';
import { statsOf } from './stats.ts';
import { type OutputTargets, sourcesOf } from './targets.ts';

/** Never a reason to build again, and far too much to watch. */
const NEVER = new Set(['node_modules', '.git']);

/**
 * What a watcher has to look at to notice every change of what is copied: directories with all in them, and
 * files. Where an output or packages lie below one, its entries without those stand for it.
 */
export function watchedPaths(
  { publicTargets, targets }: OutputTargets,
  outputs: ReadonlySet<string> = new Set(),
): string[] {
  const found = new Set<string>();
  for (const from of [...publicTargets, ...targets].flatMap(sourcesOf)) {
    const part = watchedPart(from);
    add(part, outputs, found);
    // Rolldown does not notice that what was missing is there: the directory it will be in does.
    const parent = fs.existsSync(part) ? part : nearestExisting(part);
    if (!holds(parent, outputs)) found.add(parent);
  }
  return [...found];
}

function nearestExisting(missing: string): string {
  let current = missing;
  while (!fs.existsSync(current)) current = path.dirname(current);
  return current;
}

/** A path as far as it is no pattern. Names that exist are none, whatever characters they have. */
export function watchedPart(from: string): string {
  if (fs.existsSync(from)) return from;
  let current = path.parse(from).root;
  for (const name of from.slice(current.length).split(path.sep)) {
    const next = path.join(current, name);
    if (/[*?{}()[\]!+@\\]/.test(name) && !fs.existsSync(next)) return current;
    current = next;
  }
  return current;
}

function add(file: string, outputs: ReadonlySet<string>, found: Set<string>): void {
  if (outputs.has(file) || NEVER.has(path.basename(file))) return;
  if (!holds(file, outputs)) {
    found.add(file);
    return;
  }
  for (const name of fs.readdirSync(file)) add(path.join(file, name), outputs, found);
}

/** Whether something that must not be watched lies in a directory. */
function holds(directory: string, outputs: ReadonlySet<string>): boolean {
  if (!statsOf(directory)?.isDirectory()) return false;
  if ([...outputs].some((output) => output.startsWith(directory + path.sep))) return true;
  return [...NEVER].some((name) => fs.existsSync(path.join(directory, name)));
}
