import path from 'node:path';
import type { Overlap, Planned, PlannedFile, Target } from 'fs-reflink';
import { CopyError, ignoresCase, isInside } from 'fs-reflink/host';
import { allTargets, type OutputTargets, originOf, relativeName } from '../targets/targets.ts';
import { contenderOf, type Origin, winnerOverBundle } from './winner.ts';

/** A file of ours that has the name of one of the bundle's. */
export interface Collision {
  file: PlannedFile;
  /** Absolute path of the bundle's, which may differ in the case of letters. */
  bundled: string;
  /** Set when it wins over the bundle. */
  target: Target<string> | undefined;
  /** What the user should know. */
  message: string;
}

/**
 * Which files of an output the bundle has too, and who wins.
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
  // What is the bundle's own is no collision: another bundle has it from the bundler.
  const found = planned
    .find(bundle.values(), ignoreCase)
    .filter(({ target }) => originOf(output, target) !== 'bundle');
  return found.map((file) => {
    const target = originOf(output, file.target) === 'target' ? all[file.target] : undefined;
    const bundled = bundle.get(spell(file.destination)) ?? file.destination;
    return collisionWithBundle(file, bundled, directory, target);
  });
}

/** `target` is the one that the file is of, if it is not public. */
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

/** In messages, as in those of a bundle that the bundler writes. */
const NAMED_FIRST: readonly Origin[] = ['public', 'target', 'bundle'];

export function collisionMessage(name: string, [one, other]: [Origin, Origin], kept: Origin): string {
  return `${name} is both in ${WORDS[one].all} and in ${WORDS[other].all}; ${WORDS[kept].one}'s is kept`;
}

/** What the user should know of files that are both public and a target's, by the absolute path of what is kept. */
export function overlapMessages(
  overlaps: readonly Overlap[],
  output: OutputTargets,
  directory: string,
): Map<string, string> {
  const messages = new Map<string, string>();
  for (const { kept, left } of overlaps) {
    const [origin, other] = [kept, left].map(({ target }) => originOf(output, target)) as [Origin, Origin];
    if (origin === other) {
      // Between targets the later one is meant to win, but not over a name that only the filesystem takes for its own.
      if (kept.target !== left.target && kept.destination !== left.destination)
        messages.set(kept.destination, oneFileMessage(kept, left, directory));
      continue;
    }
    const name = relativeName(directory, kept.destination);
    messages.set(
      kept.destination,
      collisionMessage(
        name,
        NAMED_FIRST.filter((each) => each === origin || each === other) as [Origin, Origin],
        origin,
      ),
    );
    // Of three files for one destination only the last overlap counts.
    if (left.destination !== kept.destination) messages.delete(left.destination);
  }
  return messages;
}

function oneFileMessage(kept: PlannedFile, left: PlannedFile, directory: string): string {
  const [lost, name] = [left, kept].map(({ destination }) => relativeName(directory, destination));
  return `${lost} and ${name} are one file in the output, whose filesystem takes both names for one; ${kept.source} is kept`;
}

/** What a target with `overwrite: 'error'` fails with where a file of another origin, or of an earlier target, is. */
export function nameTaken(
  { source, destination }: Pick<PlannedFile, 'source' | 'destination'>,
  by: Origin,
): CopyError {
  const reason = `${by === 'target' ? 'an earlier target' : WORDS[by].one} has a file of this name`;
  return new CopyError({ code: 'EEXIST', reason, source, destination });
}

/**
 * Checks that no file of ours has the name of a directory of the bundle, and the other way round. `names` are the bundle's
 * files. The bundler's own error would not name both paths.
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

/** What a directory of ours, which has `source`, fails with where the bundle has a file. `destination` is that file's path. */
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

/** What a file of ours fails with where the bundle has a directory. */
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

/** The directories in an output that files lie in: absolute paths. */
function directoriesOf(files: readonly string[], output: string): Set<string> {
  const found = new Set<string>();
  for (const file of files)
    for (
      let each = path.dirname(file);
      each.length > output.length && !found.has(each);
      each = path.dirname(each)
    )
      found.add(each);
  return found;
}
