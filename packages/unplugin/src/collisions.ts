import path from 'node:path';
import type { Overlap, Planned, PlannedFile, Target } from 'fs-reflink';
import { CopyError, ignoresCase } from 'fs-reflink/host';
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
export function kept(file: PlannedFile, directory: string, target: Target | undefined): string {
  const wins = target !== undefined && target.overwrite !== false;
  return collisionMessage(nameOf(file, directory), target, wins);
}

function nameOf({ destination }: PlannedFile, directory: string): string {
  return path.relative(directory, destination).split(path.sep).join('/');
}

/** `target` is undefined for a file of the public directory. */
export function collisionMessage(name: string, target: Target | undefined, wins: boolean): string {
  const where = target ? 'the targets' : 'the public directory';
  return `${name} is both in ${where} and in the bundle; the ${wins ? "target's" : "bundle's"} is kept`;
}

/** What the user should know of files that are both public and a target's, by the absolute path of what is kept. */
export function overlapMessages(
  overlaps: readonly Overlap[],
  { publicTargets }: OutputTargets,
  directory: string,
): Map<string, string> {
  const messages = new Map<string, string>();
  for (const { kept, left } of overlaps) {
    const wins = kept.target >= publicTargets.length;
    if (wins === left.target >= publicTargets.length) {
      // Between targets the later one is meant to win, but not over a name that only the filesystem takes for its own.
      if (kept.target !== left.target && kept.destination !== left.destination)
        messages.set(kept.destination, oneFileMessage(kept, left, directory));
      continue;
    }
    messages.set(kept.destination, overlapMessage(nameOf(kept, directory), wins));
    // Of three files for one place only the last word counts.
    if (left.destination !== kept.destination) messages.delete(left.destination);
  }
  return messages;
}

function oneFileMessage(kept: PlannedFile, left: PlannedFile, directory: string): string {
  const names = `${nameOf(left, directory)} and ${nameOf(kept, directory)}`;
  return `${names} are one file in the output, whose filesystem takes both names for one; ${kept.source} is kept`;
}

/** `wins`: the target's is kept. */
export function overlapMessage(name: string, wins: boolean): string {
  const whose = wins ? "target's" : "public directory's";
  return `${name} is both in the public directory and in the targets; the ${whose} is kept`;
}

/** What a target with `overwrite: 'error'` fails with. */
export function bundleExists({
  source,
  destination,
}: Pick<PlannedFile, 'source' | 'destination'>): CopyError {
  return new CopyError({ code: 'EEXIST', reason: 'the bundle has a file of this name', source, destination });
}
