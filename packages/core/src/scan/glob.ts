import fs from 'node:fs';
import path from 'node:path';
import type { WalkedDirectory } from '../model/files.ts';
import { toPath } from '../path-or-url.ts';
import { exists, isDirectory } from '../platform/path-status.ts';
import { onDisk } from '../platform/raw-names.ts';
import { addWithParents } from './filter.ts';
import { type Glob, isDynamic, Matcher, unescaped } from './matcher.ts';
import { type WalkOptions, walk } from './walk.ts';

/**
 * Splits an absolute glob into the directory that the search starts from and the pattern below it. Returns undefined
 * if the path is not a glob. Directories that exist under their literal name do not belong to the pattern: a project
 * may be in a directory called `[app]`.
 */
export function splitGlob(from: string): Glob | undefined {
  const segments = toPattern(from).split('/');
  let base = segments[0]!;
  let first = 1;
  let escaped = false;
  for (; first < segments.length - 1; first++) {
    const segment = segments[first]!;
    if (!isSpecial(segment) || isDirectory(`${base}/${segment}`)) base += `/${segment}`;
    else if (isDynamic(segment)) break;
    else {
      base += `/${unescaped(segment)}`;
      escaped = true;
    }
  }
  const rest = segments.slice(first);
  // The slash is needed on Windows: a drive without one means its current directory.
  const start = path.resolve(`${base}/`);
  return escaped || rest.some(isSpecial) ? { base: start, pattern: rest.join('/') } : undefined;
}

/** Converts a pattern of `ignore`. It is relative to `base`, unless it is absolute. */
export function toIgnored(pattern: string, base: string): Glob {
  // As in fast-glob, a leading "!" has no effect: patterns of `ignore` are already negated.
  const bare = toPath(/^!(?!\()/.test(pattern) ? pattern.slice(1) : pattern);
  return path.isAbsolute(bare) ? toExclusion(bare) : { base, pattern: bare };
}

/** Matches what an absolute glob matches or, if it is a path, that path and everything in it. */
export function toExclusion(absolute: string): Glob {
  return (
    (exists(absolute) ? undefined : splitGlob(absolute)) ?? { base: path.resolve(absolute), pattern: '**' }
  );
}

function isSpecial(segment: string): boolean {
  return isDynamic(segment) || segment.includes('\\');
}

interface GlobOptions extends Omit<WalkOptions, 'matcher' | 'onDirectory'> {
  follow: boolean;
  excluded: readonly Glob[];
  /** Called at the end with the directories that match the pattern although nothing in them does. */
  onLeftOut: (directories: string[]) => void;
}

/** Walks the directories that contain matching files, including dotfiles. */
export function* walkGlob(
  { base, pattern }: Glob,
  { follow, excluded, onLeftOut, ...options }: GlobOptions,
): Generator<WalkedDirectory> {
  if (!isDirectory(base)) return;
  const matcher = new Matcher(base, pattern, excluded);
  const matched: string[] = [];
  const holding = new Set<string>();
  const onDirectory = (relative: string) => void matched.push(relative);
  for (const directory of walk(base, follow, { ...options, matcher, onDirectory })) {
    addWithParents(holding, directory.relative);
    yield directory;
  }
  const left = matched.filter((relative) => {
    if (holding.has(relative)) return false;
    const isEntered = matcher.enters(relative);
    // What is in the directory may be left out because it is ignored.
    return !(isEntered && matcher.excludes) && hasEntries(path.join(base, relative), isEntered);
  });
  if (left.length > 0) onLeftOut(left);
}

function hasEntries(directory: string, files: boolean): boolean {
  try {
    const entries = fs.readdirSync(onDisk(directory), { withFileTypes: true });
    return files ? entries.some((entry) => entry.isFile()) : entries.length > 0;
  } catch {
    // The directory cannot be read: assume that it contains something.
    return true;
  }
}

/** Converts a path to a pattern: globs have forward slashes, paths on Windows have backslashes. */
function toPattern(from: string): string {
  return path.sep === '\\' ? from.replaceAll('\\', '/') : from;
}
