import path from 'node:path';
import type { Target } from 'fs-reflink';
import { isInside } from 'fs-reflink/host';
import type { ResolvedOptions } from '../options/options.ts';
import { engineTarget } from '../options/resolve-options.ts';
import type { Origin } from '../output/winner.ts';

/** What is copied into one output directory, as targets of the engine: `to` is relative to that directory. */
export interface OutputTargets {
  /** The bundle wins over these. */
  publicTargets: Target<string>[];
  /** Files of the bundle that the engine copies in the bundler's place. */
  assets?: readonly Target<string>[] | undefined;
  /** These win over the bundle. */
  targets: Target<string>[];
}

/** What the options ask for. `publicDir` is the host's own, absolute, for when the options name none. */
export function toTargets(
  { publicDirs, targets }: Pick<ResolvedOptions, 'publicDirs' | 'targets'>,
  { root, publicDir }: { root: string; publicDir?: string | undefined },
): OutputTargets {
  const directories = publicDirs ?? (publicDir === undefined ? [] : [{ dir: publicDir }]);
  return {
    publicTargets: directories.map(({ dir, to = '.', ignore = [] }) => ({
      from: path.resolve(root, dir),
      to,
      ignore,
    })),
    targets: targets.map(engineTarget).map((target) => ({
      ...target,
      from: resolveFrom(target.from, root),
      ...(target.base !== undefined && { base: path.resolve(root, target.base) }),
    })),
  };
}

/** What a target is copied from, without what an array leaves out. */
export function sourcesOf({ from }: Pick<Target<string>, 'from'>): string[] {
  return typeof from === 'string' ? [from] : from.filter((each) => !NEGATED.test(each));
}

/** As the engine tells them from `!(a|b)`, which is a pattern. */
const NEGATED = /^!(?!\()/;

/** Absolute paths and globs. */
export function resolveFrom(from: Target<string>['from'], root: string): Target<string>['from'] {
  if (typeof from === 'string') return path.resolve(root, from);
  return from.map((each) =>
    NEGATED.test(each) ? `!${path.resolve(root, each.slice(1))}` : path.resolve(root, each),
  );
}

/**
 * Where targets may write without `allowOutside: true`: the output, the project and the working directory. The root of
 * a file system is no project: everything lies in it.
 */
export function allowedRoots(root: string, directory: string): string[] {
  return [...new Set([directory, root, process.cwd()])].filter((each) => path.dirname(each) !== each);
}

/** The path of a file below its target's `to`, with forward slashes: its name where `to` names the file itself. */
export function pathBelow(
  { to = '.' }: Pick<Target<string>, 'to'>,
  directory: string,
  destination: string,
): string {
  return relativeName(path.resolve(directory, to), destination) || path.basename(destination);
}

/** One file of a target as a target of its own, with what the target says about attributes and links. */
export function targetOfFile(
  { source, destination }: { source: string; destination: string },
  { symlinks, preserve }: Pick<Target<string>, 'symlinks' | 'preserve'> = {},
): Target<string> {
  return {
    ...(symlinks && { symlinks }),
    ...(preserve && { preserve }),
    from: source,
    to: path.dirname(destination),
    // Checked with the target it comes from.
    allowOutside: true,
    rename: path.basename(destination),
    overwrite: true,
  };
}

/** What the engine copies, in the order in which the later one wins. */
export function allTargets({ publicTargets, assets = [], targets }: OutputTargets): Target<string>[] {
  return [...publicTargets, ...assets, ...targets];
}

/** What a file comes from that the engine copies: `number` is the position of its target in {@link allTargets}. */
export function originOf({ publicTargets, assets = [] }: OutputTargets, number: number): Origin {
  if (number < publicTargets.length) return 'public';
  return number < publicTargets.length + assets.length ? 'bundle' : 'target';
}

/** A path relative to a directory, with forward slashes. */
export function relativeName(directory: string, file: string): string {
  // Thousands of them take the short way.
  const name = file.startsWith(directory + path.sep)
    ? file.slice(directory.length + 1)
    : path.relative(directory, file);
  return path.sep === '/' ? name : name.replaceAll(path.sep, '/');
}

/** Where the files of an output go: the output directory, and what targets name outside of it. Absolute paths. */
export function destinationsOf(output: OutputTargets, directory: string): string[] {
  const all = [...output.publicTargets, ...output.targets].map(({ to = '.' }) => path.resolve(directory, to));
  if (output.assets || all.length === 0) all.unshift(directory);
  return [...new Set(all.map((each) => (isInside(directory, each) ? directory : each)))];
}
