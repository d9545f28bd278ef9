import fs from 'node:fs';
import path from 'node:path';
import { fixedPart } from 'fs-reflink/host';
import { statsOf } from './stats.ts';
import { allSourcesOf, type OutputTargets } from './targets.ts';

/** Directories that are not watched: they contain far too many files, and changes in them are no reason to build. */
export const NEVER_WATCHED: ReadonlySet<string> = new Set(['node_modules', '.git']);

/**
 * The paths that a watcher has to watch to notice every change of a source: files, and directories with everything in
 * them. If a directory contains an output or packages, its other entries are listed instead.
 */
export function watchedPaths(targets: OutputTargets, outputs: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  for (const from of allSourcesOf(targets)) {
    const part = fixedPart(from);
    add(part, outputs, found);
    // Rolldown does not notice that a missing path is created. Watch the directory that it will be created in, or the
    // file that has to become a directory first.
    let there = part;
    // On Windows the drive itself may be missing.
    while (!fs.existsSync(there) && path.dirname(there) !== there) there = path.dirname(there);
    if (!holds(there, outputs)) found.add(there);
  }
  return [...found];
}

function add(file: string, outputs: ReadonlySet<string>, found: Set<string>): void {
  if (outputs.has(file) || NEVER_WATCHED.has(path.basename(file))) return;
  if (!holds(file, outputs)) {
    found.add(file);
    return;
  }
  for (const name of fs.readdirSync(file)) add(path.join(file, name), outputs, found);
}

/** Whether a directory contains something that must not be watched. */
function holds(directory: string, outputs: ReadonlySet<string>): boolean {
  if (!statsOf(directory)?.isDirectory()) return false;
  if ([...outputs].some((output) => output.startsWith(directory + path.sep))) return true;
  return [...NEVER_WATCHED].some((name) => fs.existsSync(path.join(directory, name)));
}
