import path from 'node:path';
import type { Overlap, Planned, PlannedFile, Target } from 'fs-reflink';
import { CopyError, ignoresCase, isInside } from 'fs-reflink/host';
import { allTargets, type OutputTargets, originOf, relativeName } from '../targets/targets.ts';
import { contenderOf, type Origin, winnerOverBundle } from './winner.ts';

/** A copied file that has the same name as a file of the bundle. */
export interface Collision {
  file: PlannedFile;
  /** Absolute path of the bundle's file. It may differ in the case of letters. */
  bundled: string;
  /** The target of the copied file, if the copied file is kept and not the bundle's. */
  target: Target<string> | undefined;
  /** A warning for the user. */
  message: string;
}

/**
 * Finds the copied files of an output that the bundle has too, and decides which file is kept.
 *
 * @throws {CopyError} as {@link refuseNested}
 */
export function findCollisions(
  planned: Planned,
  output: OutputTargets,
  directory: string,
  names: readonly string[],
): Collision[] {
  const all = allTargets(output);
  const ignoreCase = ignoresCase(directory);
  const spell = (given: string) => (ignoreCase ? given.toLowerCase() : given);
  const bundle = new Map(
    names.map((name) => [spell(path.join(directory, name)), path.join(directory, name)]),
  );
  refuseNested(planned, output, directory, names);
  // An imported file that the engine copies is no collision: for another bundle, the bundler writes the same file.
  const found = planned
    .find(bundle.values(), ignoreCase)
    .filter(({ target }) => originOf(output, target) !== 'bundle');
  return found.map((file) => {
    const target = originOf(output, file.target) === 'target' ? all[file.target] : undefined;
    const bundled = bundle.get(spell(file.destination)) ?? file.destination;
    return collisionWithBundle(file, bundled, directory, target);
  });
}

/** `target` is the target of the file, or undefined for a public file. */
export function collisionWithBundle(
  file: PlannedFile,
  bundled: string,
  directory: string,
  target: Target<string> | undefined,
): Collision {
  const ours = contenderOf(target);
  const winner = winnerOverBundle(ours);
  if (winner === 'error') throw nameTaken(file, 'bundle');
  const kept = winner === 'ours' ? ours.origin : winner;
  const message = collisionMessage(relativeName(directory, file.destination), [ours.origin, 'bundle'], kept);
  return { file, bundled, target: winner === 'ours' ? target : undefined, message };
}

const WORDS: Record<Origin, { all: string; one: string }> = {
  public: { all: 'the public directory', one: 'the public directory' },
  bundle: { all: 'the bundle', one: 'the bundle' },
  target: { all: 'the targets', one: 'the target' },
};

/** The order in which a message names two origins: the bundle last, as in all other messages about collisions. */
const NAMED_FIRST: readonly Origin[] = ['public', 'target', 'bundle'];

export function collisionMessage(name: string, [one, other]: [Origin, Origin], kept: Origin): string {
  return `${name} is both in ${WORDS[one].all} and in ${WORDS[other].all}; ${WORDS[kept].one}'s is kept`;
}

/** Warnings about files that overlap within the copy, by the absolute path of the file that is kept. */
export function overlapMessages(
  overlaps: readonly Overlap[],
  output: OutputTargets,
  directory: string,
): Map<string, string> {
  const messages = new Map<string, string>();
  for (const { kept, left } of overlaps) {
    const [origin, other] = [kept, left].map(({ target }) => originOf(output, target)) as [Origin, Origin];
    if (origin === other) {
      // Users expect that a later target replaces a file of the same name, but not a name that only the filesystem
      // treats as the same.
      if (kept.target !== left.target && kept.destination !== left.destination)
        messages.set(kept.destination, oneFileMessage(kept, left, directory));
      continue;
    }
    const name = relativeName(directory, kept.destination);
    const both = NAMED_FIRST.filter((each) => each === origin || each === other) as [Origin, Origin];
    messages.set(kept.destination, collisionMessage(name, both, origin));
    // If three files have one destination, only the last overlap counts.
    if (left.destination !== kept.destination) messages.delete(left.destination);
  }
  return messages;
}

function oneFileMessage(kept: PlannedFile, left: PlannedFile, directory: string): string {
  const [lost, name] = [left, kept].map(({ destination }) => relativeName(directory, destination));
  return `${lost} and ${name} are one file in the output, whose filesystem takes both names for one; ${kept.source} is kept`;
}

/**
 * The error of a target with `overwrite: 'error'` if `by` (for `'target'`: an earlier target) has a file of the name.
 */
export function nameTaken(
  { source, destination }: Pick<PlannedFile, 'source' | 'destination'>,
  by: Origin,
): CopyError {
  const reason = `${by === 'target' ? 'an earlier target' : WORDS[by].one} has a file of this name`;
  return new CopyError({ code: 'EEXIST', reason, source, destination });
}

/**
 * Checks that no copied file has the name of a directory of the bundle, and that no copied directory has the name of
 * a file of the bundle. `names` are the bundle's files. The bundler's own error would not name both paths.
 *
 * @throws {CopyError} `EISDIR` or `ENOTDIR`
 */
export function refuseNested(
  ours: Pick<Planned, 'find' | 'findInside'>,
  output: OutputTargets,
  directory: string,
  names: readonly string[],
): void {
  const bundle = names.map((name) => path.join(directory, name));
  const ignoreCase = bundle.length > 0 && ignoresCase(directory);
  const isOurs = ({ target }: PlannedFile) => originOf(output, target) !== 'bundle';
  const inside = ours.findInside(bundle, ignoreCase).find(isOurs);
  if (inside) {
    const destination = bundle.find((each) => isNested(each, inside.destination, ignoreCase))!;
    throw fileTaken(inside, destination, output, directory);
  }
  const file = ours.find(directoriesOf(bundle, directory), ignoreCase).find(isOurs);
  if (file) throw directoryTaken(file);
}

/**
 * The error if a copied directory has the name of a file of the bundle. `source` is a file of the directory, and
 * `destination` is the path of the bundle's file.
 */
export function fileTaken(
  { source }: Pick<PlannedFile, 'source'>,
  destination: string,
  { targets }: Pick<OutputTargets, 'targets'>,
  directory: string,
): CopyError {
  const isTo = targets.some(({ to = '.' }) => path.resolve(directory, to) === destination);
  const remedy = isTo
    ? '"to" is a directory; to give a file the name, set "rename" to it, and "to" to its directory'
    : 'this is a directory; rename it, or name it in "ignore"';
  const reason = `the bundle has a file of this name, and ${remedy}`;
  return new CopyError({ code: 'EISDIR', reason, source, destination });
}

/** The error if a copied file has the name of a directory of the bundle. */
export function directoryTaken({
  source,
  destination,
}: Pick<PlannedFile, 'source' | 'destination'>): CopyError {
  const reason = 'the bundle has a directory of this name; rename the file, or name it in "ignore"';
  return new CopyError({ code: 'ENOTDIR', reason, source, destination });
}

function isNested(outer: string, inner: string, ignoreCase: boolean): boolean {
  return ignoreCase ? isInside(outer.toLowerCase(), inner.toLowerCase()) : isInside(outer, inner);
}

/** The absolute paths of the directories in an output that contain the files. */
function directoriesOf(files: readonly string[], output: string): Set<string> {
  const found = new Set<string>();
  for (const file of files) {
    let each = path.dirname(file);
    for (; each.length > output.length && !found.has(each); each = path.dirname(each)) found.add(each);
  }
  return found;
}
