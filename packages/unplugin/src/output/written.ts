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
 * A bundle that was written before anything is copied, as some hosts do it: files of the public directory that
 * have the name of one of its files are left out from the start.
 */
export class WrittenBundle {
  /** The public targets without what the bundle has. */
  readonly publicTargets: Target<string>[];
  readonly #names: readonly string[];
  readonly #targets: OutputTargets;
  readonly #directory: string;
  #leftOut: Collision[] = [];
  #others: Collision[] = [];

  /** `names` are the bundle's files, relative to the output directory. */
  constructor(names: readonly string[], targets: OutputTargets, directory: string) {
    this.#names = names;
    this.#targets = targets;
    this.#directory = directory;
    const ignoreCase = names.length > 0 && ignoresCase(directory);
    this.publicTargets = targets.publicTargets.map((target, number) =>
      this.#withoutBundled(target, number, ignoreCase),
    );
  }

  /** Everything is known that is going to be copied. */
  planned(planned: Planned): void {
    if (this.#names.length === 0) return;
    this.#others = findCollisions(planned, this.#targets, this.#directory, this.#names);
  }

  /** Which files of ours the bundle has too. Complete once everything is copied. */
  get collisions(): Collision[] {
    const others = new Set(this.#others.map(({ file }) => file.destination));
    const leftOut = this.#leftOut.filter(({ file }) => !others.has(file.destination));
    return [...leftOut, ...this.#others];
  }

  /** A function has to be called for every file, so only where something may be in the bundle too. */
  #withoutBundled(target: Target<string>, number: number, ignoreCase: boolean): Target<string> {
    const spell = (name: string) => (ignoreCase ? name.toLowerCase() : name);
    const to = path.resolve(this.#directory, target.to ?? '.');
    const taken = new Set<string>();
    for (const name of this.#names) {
      const below = relativeName(to, path.join(this.#directory, name));
      const mayBeThere = sourcesOf(target).some((from) => mayHave(from, below));
      if (ignoreCase || mayBeThere) taken.add(spell(below));
    }
    if (taken.size === 0) return target;
    const filter = (below: string, source: string) => {
      if (!taken.has(spell(below))) return true;
      const file: PlannedFile = { source, destination: path.join(to, below), target: number };
      this.#leftOut.push(collisionWithBundle(file, file.destination, this.#directory, undefined));
      return false;
    };
    return { ...target, filter };
  }
}

/**
 * What the engine failed with, said of the bundle where that has, or will have, files with these `names` in the way: they
 * may be those of an earlier build.
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
  // A directory that is not there may be a glob.
  const file = fs.existsSync(from) ? path.join(from, below) : from;
  return file === from || linkStatsOf(file) !== undefined;
}
