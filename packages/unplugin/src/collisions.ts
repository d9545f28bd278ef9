import fs from 'node:fs';
import path from 'node:path';
import type { Planned, PlannedFile, Target } from 'fs-reflink';
import { CopyError } from 'fs-reflink/check';
import type { OutputTargets } from './targets.ts';

/** A file of ours that has the name of one of the bundle's. */
export interface Collision {
  file: PlannedFile;
  /** Absolute path of the bundle's, which may differ in the case of letters. */
  bundled: string;
  /** Set when it wins over the bundle. */
  target: Target | undefined;
  /** What the user should know. */
  message: string;
}

/** Which files of an output the bundle has too, and who wins. */
export function findCollisions(
  planned: Planned,
  { publicTargets, targets }: OutputTargets,
  directory: string,
  names: readonly string[],
): Collision[] {
  const ignoreCase = ignoresCase(directory);
  const spell = (given: string) => (ignoreCase ? given.toLowerCase() : given);
  const places = new Map(
    names.map((name) => [spell(path.join(directory, name)), path.join(directory, name)]),
  );
  return planned.find(places.values(), ignoreCase).map((file) => {
    const target = targets[file.target - publicTargets.length];
    if (target?.overwrite === 'error') throw bundleExists(file);
    const wins = target !== undefined && target.overwrite !== false;
    const bundled = places.get(spell(file.destination)) ?? file.destination;
    return { file, bundled, target: wins ? target : undefined, message: kept(file, directory, target) };
  });
}

/** What the user is told; `target` is the one that the file is of, if it is not public. */
export function kept({ destination }: PlannedFile, directory: string, target: Target | undefined): string {
  const name = path.relative(directory, destination).split(path.sep).join('/');
  return collisionMessage(name, target, target !== undefined && target.overwrite !== false);
}

/** `target` is undefined for a file of the public directory. */
export function collisionMessage(name: string, target: Target | undefined, wins: boolean): string {
  const where = target ? 'the targets' : 'the public directory';
  return `${name} is both in ${where} and in the bundle; the ${wins ? "target's" : "bundle's"} is kept`;
}

/** What a target with `overwrite: 'error'` fails with. */
export function bundleExists({
  source,
  destination,
}: Pick<PlannedFile, 'source' | 'destination'>): CopyError {
  return new CopyError({ code: 'EEXIST', reason: 'the bundle has a file of this name', source, destination });
}

/** Whether names that differ only in the case of letters are one file there. */
export function ignoresCase(directory: string): boolean {
  for (let current = directory; path.dirname(current) !== current; current = path.dirname(current)) {
    const parent = path.dirname(current);
    const other = swapCase(path.basename(current));
    if (other === path.basename(current) || !fs.existsSync(current)) continue;
    // Found under a name that the directory does not list: it is the same one.
    return fs.existsSync(path.join(parent, other)) && !fs.readdirSync(parent).includes(other);
  }
  return false;
}

function swapCase(name: string): string {
  const upper = name.toUpperCase();
  return upper === name ? name.toLowerCase() : upper;
}
