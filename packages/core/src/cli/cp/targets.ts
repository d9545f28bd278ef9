import fs from 'node:fs';
import path from 'node:path';
import { isInside } from '../../inside.ts';
import { isDirectory } from '../../platform/path-status.ts';
import { splitGlob } from '../../scan/glob.ts';
import { isUrlText } from '../../schema.ts';
import { absolutePath, type Target } from '../../target.ts';
import { UsageError } from '../failure.ts';
import type { CopyFlags } from './flags.ts';

/**
 * Converts the paths of a command to targets. A single file is copied to the given name, unless that is a directory
 * or ends in a slash. Everything else is copied into the given directory.
 */
export function toTargets(paths: readonly string[], flags: CopyFlags): Target[] {
  const { targetDirectory, directory, manifest } = flags;
  const url = [...paths, targetDirectory, directory, manifest].find(isUrlText);
  if (url !== undefined) throw new UsageError(`'${url}' is a URL; give a path`);
  if (paths.length === 0)
    throw new UsageError(`no source ${targetDirectory === undefined ? 'and no destination ' : ''}given`);
  const sources = targetDirectory === undefined ? paths.slice(0, -1) : paths;
  const given = targetDirectory ?? paths.at(-1)!;
  if (sources.length === 0) throw new UsageError(`no destination given after '${given}'`);
  if (paths.includes('') || given === '') throw new UsageError('a path is empty');
  const cwd = absolutePath(directory ?? '.', { source: sources[0], destination: given });
  const destination = path.resolve(cwd, given);
  const kinds = sources.map((source) => kindOf(path.resolve(cwd, source)));
  const stray = kinds.findIndex((kind) => kind !== 'directory');
  // Otherwise `--delete` would empty the directory that a single file is copied into.
  if (flags.delete === 'everything' && stray >= 0) {
    throw new UsageError(`option '--delete' needs sources that are directories; '${sources[stray]}' is none`);
  }
  if (flags.delete === 'placed' && manifest === undefined) {
    throw new UsageError(`option '--delete=placed' needs '--manifest', which tells what was copied`);
  }
  if (flags.keep && flags.delete !== 'everything') {
    throw new UsageError(`option '--keep' says what '--delete' leaves alone, and there is no '--delete'`);
  }
  const common = {
    ...(flags.exclude && { ignore: toGlobs(flags.exclude) }),
    ...(flags.flatten && { flatten: true }),
  };
  if (flags.parents) return sources.map((from) => withParents(from, { ...common, cwd, destination }));
  const isNamed =
    targetDirectory === undefined &&
    !(given.endsWith('/') || given.endsWith(path.sep) || isDirectory(destination));
  if (sources.length === 1 && kinds[0] === 'file' && isNamed) {
    return [
      { ...common, from: sources[0]!, to: path.dirname(destination), rename: path.basename(destination) },
    ];
  }
  // The slash at the end marks `to` as a directory.
  return sources.map((from) => ({ ...common, from, to: path.join(destination, path.sep) }));
}

/** A target that keeps the source's path below the working directory, as `cp --parents` does. */
function withParents(
  from: string,
  { cwd, destination, ...common }: Partial<Target> & { cwd: string; destination: string },
): Target {
  const full = path.resolve(cwd, from);
  const base = path.isAbsolute(from) ? path.parse(full).root : cwd;
  if (!isInside(base, full))
    throw new UsageError(`option '--parents' needs sources below '${cwd}', not '${from}'`);
  return { ...common, from, base, to: path.join(destination, path.sep) };
}

function kindOf(full: string): 'file' | 'directory' | 'glob or missing' {
  if (isDirectory(full)) return 'directory';
  try {
    // A dangling link exists, and can be copied.
    return fs.lstatSync(full, { throwIfNoEntry: false }) ? 'file' : 'glob or missing';
  } catch {
    // The path is below a file, or in a directory that may not be searched: the copy reports that with both paths.
    return splitGlob(full) ? 'glob or missing' : 'file';
  }
}

/**
 * Converts rsync's patterns to the engine's globs: a pattern without a slash at its start matches in every directory,
 * and a directory that it matches is excluded with everything in it.
 */
function toGlobs(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    const bare = pattern.replace(/\/+$/, '');
    // As in rsync, an empty pattern excludes nothing: `--exclude="$NOT_SET"`.
    if (bare === '') return [];
    const glob = bare.startsWith('/') ? bare.slice(1) : bare.startsWith('**/') ? bare : `**/${bare}`;
    return [glob, `${glob}/**`];
  });
}
