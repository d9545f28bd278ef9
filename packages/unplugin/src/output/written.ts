import fs from 'node:fs';
import path from 'node:path';
import type { Planned, PlannedFile, Target } from 'fs-reflink';
import { CopyError, ignoresCase, isInside } from 'fs-reflink/host';
import { linkStatsOf } from '../targets/stats.ts';
import { type OutputTargets, relativeName, sourcesOf } from '../targets/targets.ts';
import {
  type Collision,
  collisionWithBundle,
  directoryTaken,
  fileTaken,
  findCollisions,
  nameTaken,
} from './collisions.ts';

/**
 * A bundle that was written before anything is copied, as in some hosts. Public files that have the same name as a
 * file of the bundle are skipped from the start. `names` are the bundle's files, relative to the output directory.
 */
export function writtenBundle(names: readonly string[], targets: OutputTargets, directory: string) {
  const ignoreCase = names.length > 0 && ignoresCase(directory);
  const spell = (name: string) => (ignoreCase ? name.toLowerCase() : name);
  const skipped: Collision[] = [];
  let copied: Collision[] = [];

  /** Adds a filter only if the bundle may have a file of the target, because the filter is called for every file. */
  const withoutBundled = (target: Target<string>, number: number): Target<string> => {
    const to = path.resolve(directory, target.to ?? '.');
    const taken = new Set<string>();
    for (const name of names) {
      const below = relativeName(to, path.join(directory, name));
      const mayBeThere = sourcesOf(target).some((from) => mayHave(from, below));
      if (ignoreCase || mayBeThere) taken.add(spell(below));
    }
    if (taken.size === 0) return target;
    const filter = (below: string, source: string) => {
      if (!taken.has(spell(below))) return true;
      const file: PlannedFile = { source, destination: path.join(to, below), target: number };
      skipped.push(collisionWithBundle(file, file.destination, directory, undefined));
      return false;
    };
    return { ...target, filter };
  };

  return {
    /** The public targets without the files that the bundle has. */
    publicTargets: targets.publicTargets.map(withoutBundled),

    /** Call this when everything that is going to be copied is known. */
    planned(planned: Planned): void {
      if (names.length > 0) copied = findCollisions(planned, targets, directory, names);
    },

    /** The copied files, and the skipped ones, that the bundle has too. Complete after everything is copied. */
    get collisions(): Collision[] {
      const others = new Set(copied.map(({ file }) => file.destination));
      return [...skipped.filter(({ file }) => !others.has(file.destination)), ...copied];
    },
  };
}

/**
 * Returns the error to report for an error of the engine. If a file or directory of the bundle prevented the copy,
 * that error names the bundle. `names` are the files that the bundle has or will have. An earlier build may have
 * written them.
 */
export function explainByBundle(
  error: unknown,
  names: readonly string[],
  targets: Pick<OutputTargets, 'targets'>,
  directory: string,
): unknown {
  if (!(error instanceof CopyError) || error.source === undefined || error.destination === undefined)
    return error;
  const { code, source, destination } = error;
  const file = { source, destination };
  const bundle = names.map((name) => path.join(directory, name));
  const found = bundle.find((each) => isInside(each, destination));
  if (code === 'EEXIST' && found === destination) return nameTaken(file, 'bundle');
  if (code === 'ENOTDIR' && found) return fileTaken(file, found, targets, directory);
  if (code === 'EISDIR' && !found && bundle.some((each) => isInside(destination, each)))
    return directoryTaken(file);
  return error;
}

function mayHave(from: string, below: string): boolean {
  // A path that does not exist may be a glob.
  const file = fs.existsSync(from) ? path.join(from, below) : from;
  return file === from || linkStatsOf(file) !== undefined;
}
