import path from 'node:path';
import type { Target } from 'fs-reflink';
import { isInside } from 'fs-reflink/host';
import type { ResolvedOptions } from '../options/options.ts';
import { engineTarget } from '../options/resolve-options.ts';
import type { Origin } from '../output/winner.ts';

/** What is copied into one output directory, as targets of the engine. Each `to` is relative to that directory. */
export interface OutputTargets {
  /** If the bundle has a file of the same name, the bundle's file is kept. */
  publicTargets: Target<string>[];
  /** Files of the bundle that the engine copies, and the bundler does not write. */
  assets?: readonly Target<string>[] | undefined;
  /** If the bundle has a file of the same name, the target's file is kept. */
  targets: Target<string>[];
}

/** Makes targets of the options. `publicDir` (absolute) is the host's own one, which is used if they name none. */
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

/** Whether the options name anything to copy. */
export function hasTargets({ publicTargets, targets }: OutputTargets): boolean {
  return publicTargets.length + targets.length > 0;
}

/** Imported files as targets of the engine, under the names that the bundler gave them. */
export function assetTargets(
  assets: readonly { file: string; name: string }[],
  directory: string,
): Target<string>[] {
  return assets.map(({ file, name }) =>
    targetOfFile({ source: file, destination: path.join(directory, name) }),
  );
}

/** The sources of a target, without negated patterns. */
export function sourcesOf({ from }: Pick<Target<string>, 'from'>): string[] {
  return typeof from === 'string' ? [from] : from.filter((each) => !NEGATED.test(each));
}

/** The sources of all targets, except the files of the bundle. */
export function allSourcesOf({ publicTargets, targets }: OutputTargets): string[] {
  return [...publicTargets, ...targets].flatMap(sourcesOf);
}

/** Matches negated patterns, as the engine does: `!(a|b)` is not negated. */
const NEGATED = /^!(?!\()/;

/** Makes paths and globs absolute. */
function resolveFrom(from: Target<string>['from'], root: string): Target<string>['from'] {
  if (typeof from === 'string') return path.resolve(root, from);
  return from.map((each) =>
    NEGATED.test(each) ? `!${path.resolve(root, each.slice(1))}` : path.resolve(root, each),
  );
}

/**
 * The directories that targets may write to without `allowOutside: true`: the output, the project and the working
 * directory. The root of a filesystem is not allowed, because it contains everything.
 */
export function allowedRoots(root: string, directory: string): string[] {
  return [...new Set([directory, root, process.cwd()])].filter((each) => path.dirname(each) !== each);
}

/** The path of a file below its target's `to`, with forward slashes. If `to` is the file itself, its name. */
export function pathBelow(
  { to = '.' }: Pick<Target<string>, 'to'>,
  directory: string,
  destination: string,
): string {
  return relativeName(path.resolve(directory, to), destination) || path.basename(destination);
}

/** Creates a target for one file of a target, with the options for attributes and links of that target. */
export function targetOfFile(
  { source, destination }: { source: string; destination: string },
  { symlinks, preserve }: Pick<Target<string>, 'symlinks' | 'preserve'> = {},
): Target<string> {
  return {
    ...(symlinks && { symlinks }),
    ...(preserve && { preserve }),
    from: source,
    to: path.dirname(destination),
    // The target that the file comes from was checked.
    allowOutside: true,
    rename: path.basename(destination),
    overwrite: true,
  };
}

/**
 * A warning for each `to` of the options that looks as if it were relative to the project: it names the output
 * directory, and would create that directory inside itself. A `to` that begins with `./` is meant as it is.
 */
export function warningsOfDestinations(
  { publicDirs = [], targets }: Pick<ResolvedOptions, 'publicDirs' | 'targets'>,
  directory: string,
  root: string,
): string[] {
  const outputs = [root, process.cwd()]
    .filter((each) => isInside(each, directory))
    .map((each) => relativeName(each, directory))
    .filter((name) => name !== '');
  return [...publicDirs, ...targets].flatMap(({ to = '.' }) => {
    if (path.isAbsolute(to) || /^\.\.?[\\/]/.test(to)) return [];
    const given = relativeName(directory, path.resolve(directory, to));
    const output = outputs.find((each) => given === each || given.startsWith(`${each}/`));
    if (output === undefined) return [];
    const created = JSON.stringify(`${output}/${given}`);
    const meant = given.slice(output.length + 1) || '.';
    return `to: ${JSON.stringify(to)} is relative to the output directory, so files are copied to ${created}; write to: '${meant}', or to: './${given}' if ${created} is meant`;
  });
}

/** What the engine copies. If two targets have a file of the same name, the file of the later target is kept. */
export function allTargets({ publicTargets, assets = [], targets }: OutputTargets): Target<string>[] {
  return [...publicTargets, ...assets, ...targets];
}

/** The origin of a file that the engine copies. `number` is the position of its target in {@link allTargets}. */
export function originOf({ publicTargets, assets = [] }: OutputTargets, number: number): Origin {
  if (number < publicTargets.length) return 'public';
  return number < publicTargets.length + assets.length ? 'bundle' : 'target';
}

/** A path relative to a directory, with forward slashes. */
export function relativeName(directory: string, file: string): string {
  // The fast way, for thousands of files.
  const name = file.startsWith(directory + path.sep)
    ? file.slice(directory.length + 1)
    : path.relative(directory, file);
  return path.sep === '/' ? name : name.replaceAll(path.sep, '/');
}

/** Converts a path with forward slashes to a glob that matches only this path. */
export function escapeGlob(name: string): string {
  return name.replace(/[\\$^*+?()[\]{}!|@]/g, '\\$&');
}

/** The absolute paths that files of an output go to: the output directory, and what targets name outside of it. */
export function destinationsOf(output: OutputTargets, directory: string): string[] {
  const all = [...output.publicTargets, ...output.targets].map(({ to = '.' }) => path.resolve(directory, to));
  if (output.assets || all.length === 0) all.unshift(directory);
  return [...new Set(all.map((each) => (isInside(directory, each) ? directory : each)))];
}
