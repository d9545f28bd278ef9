import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { asCopyError } from '../errors.ts';
import { addFile } from '../model/files.ts';
import { kindOf, readDirectory, type Typed } from './entries.ts';
import { addWithParents, type Enter, parentOf } from './filter.ts';
import { followLink, refuseCycle } from './links.ts';
import type { WalkedDirectory } from './walk.ts';

type FastGlob = typeof import('fast-glob');

/** Loaded when the first glob is met: most copies have none, and every worker thread would wait for it. */
const fastGlob = (): FastGlob => createRequire(import.meta.url)('fast-glob') as FastGlob;

/**
 * Splits an absolute glob into the directory it starts from and the pattern below it; undefined for a path
 * that is none. Directories that exist under their literal name are no part of the pattern: a project may lie
 * in `[app]`.
 */
export function splitGlob(from: string): { base: string; pattern: string } | undefined {
  const segments = toPattern(from).split('/');
  let base = segments[0]!;
  let first = 1;
  let escaped = false;
  for (; first < segments.length - 1; first++) {
    const segment = segments[first]!;
    if (!isSpecial(segment) || isDirectory(`${base}/${segment}`)) base += `/${segment}`;
    else if (isDynamic(segment)) break;
    else {
      base += `/${segment.replace(/\\(.)/g, '$1')}`;
      escaped = true;
    }
  }
  const rest = segments.slice(first);
  // With a slash: alone, a drive is its current directory.
  const start = path.resolve(`${base}/`);
  return escaped || rest.some(isSpecial) ? { base: start, pattern: rest.join('/') } : undefined;
}

function isSpecial(segment: string): boolean {
  return isDynamic(segment) || segment.includes('\\');
}

function isDynamic(segment: string): boolean {
  const unescaped = segment.replace(/\\./g, '');
  // Braces may hold slashes; then only several segments together are a pattern.
  return unescaped !== '' && (/\{[^}]*$/.test(unescaped) || fastGlob().isDynamicPattern(unescaped));
}

function isDirectory(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

interface MatchOptions {
  ignore: readonly string[];
  follow: boolean;
  /** Empty directories are found too. */
  directories?: boolean;
  /** The entry of the directory that is looked at; undefined: all. */
  only?: string;
  /** Whether to look into a directory; undefined: all. */
  enter?: Enter | undefined;
  /** Called with directories that match while nothing in them does, where files are found alone. */
  onLeftOut?: (directories: string[]) => void;
}

/** Directories that a glob had to list, and whether there is a file in each. */
type Listed = Map<string, boolean>;

/** What matches a pattern below a directory, by directory, dotfiles included. */
export function* match(base: string, pattern: string, options: MatchOptions): Generator<WalkedDirectory> {
  const { enter, onLeftOut } = options;
  const found = new Map<string, WalkedDirectory>();
  const listed: Listed = new Map();
  const matched: string[] = [];
  const at = (relative: string): WalkedDirectory => {
    let directory = found.get(relative);
    if (!directory) {
      directory = { source: path.join(base, relative), relative, names: [] };
      found.set(relative, directory);
    }
    return directory;
  };
  for (const { dirent, ...match } of entries(base, pattern, options, listed)) {
    const relative = withBreaks(match.path);
    // Not the name that fast-glob gives: of a pattern without wildcards, `{a,b}/c`, it is the whole path.
    const entry = { dirent, name: path.posix.basename(relative), path: relative };
    const parent = parentOf(entry.path);
    if (enter && !enter(parent)) continue;
    const source = path.join(base, entry.path);
    const broken = options.follow && entry.dirent.isSymbolicLink();
    const kind = broken ? kindOf(followLink(source), source) : kindOf(entry.dirent, source);
    // When it follows links, fast-glob does not tell which entries are some.
    const link = options.follow || kind === 'link';
    if (kind !== 'directory') addFile(at(parent), entry.name, entry.name, link);
    else if (enter && !enter(entry.path)) continue;
    else if (options.directories) at(entry.path);
    else matched.push(entry.path);
  }
  const left = onLeftOut ? leftOut(base, matched, found.keys(), options, listed) : [];
  if (left.length > 0) onLeftOut!(left);
  yield* found.values();
}

/** Directories that match and have something in them, of which nothing matches. */
function leftOut(
  base: string,
  matched: readonly string[],
  found: Iterable<string>,
  { ignore }: MatchOptions,
  listed: Listed,
): string[] {
  const holding = new Set<string>();
  for (const directory of found) addWithParents(holding, directory);
  return matched.filter((relative) => {
    if (holding.has(relative)) return false;
    const directory = path.join(base, relative);
    const hasFiles = listed.get(directory);
    // The pattern looks into it: what is in it may be left out because it is ignored.
    if (hasFiles !== undefined) return hasFiles && ignore.length === 0;
    return !isEmpty(directory);
  });
}

function isEmpty(directory: string): boolean {
  try {
    return fs.readdirSync(directory).length === 0;
  } catch {
    // What is in it cannot be known.
    return false;
  }
}

function entries(
  base: string,
  pattern: string,
  { ignore, follow, only, enter }: MatchOptions,
  listed: Listed,
): import('fast-glob').Entry[] {
  try {
    return fastGlob().sync(withoutBreaks(pattern), {
      cwd: base,
      dot: true,
      ignore: ignore.map(withoutBreaks),
      onlyFiles: false,
      objectMode: true,
      followSymbolicLinks: follow,
      fs: {
        readdirSync: (only === undefined
          ? guardedReaddir(base, enter, listed)
          : () => [named(base, only)]) as unknown as typeof fs.readdirSync,
        lstatSync: ((file: string) => fs.lstatSync(withBreaks(file))) as typeof fs.lstatSync,
        statSync: ((file: string) => fs.statSync(withBreaks(file))) as typeof fs.statSync,
      },
    });
  } catch (error) {
    throw asCopyError(error, { source: path.join(base, pattern) });
  }
}

/** fast-glob follows links for ever where they lead in a circle; every directory it opens is checked. */
function guardedReaddir(
  base: string,
  enter: Enter | undefined,
  listed: Listed,
): (directory: string) => fs.Dirent[] {
  return (given) => {
    const directory = path.resolve(given) === base ? given : withBreaks(given);
    const full = path.resolve(directory);
    if (enter && !enter(path.relative(base, full).split(path.sep).join('/'))) return [];
    if (full !== base && fs.lstatSync(directory).isSymbolicLink()) refuseCycle(full, base);
    const found = readDirectory(directory);
    listed.set(
      full,
      found.some((entry) => entry.isFile()),
    );
    for (const entry of found) if (BREAKS.test(entry.name)) entry.name = withoutBreaks(entry.name);
    return found;
  };
}

/** An entry of a directory that is not listed. */
function named(directory: string, name: string): Typed & { name: string } {
  return Object.assign(fs.lstatSync(path.join(directory, name)), { name: withoutBreaks(name) });
}

/** A globstar matches no line break, and a file with one in its path would be left out without a word. */
const BREAKS = /[\n\r\u2028\u2029]/;
/** What stands for them while names are matched: characters for private use. */
const STAND_INS = { '\n': '\uf8d0', '\r': '\uf8d1', '\u2028': '\uf8d2', '\u2029': '\uf8d3' };

function withoutBreaks(given: string): string {
  if (!BREAKS.test(given)) return given;
  return Object.entries(STAND_INS).reduce((text, [each, standIn]) => text.replaceAll(each, standIn), given);
}

function withBreaks(given: string): string {
  if (!/[\uf8d0-\uf8d3]/.test(given)) return given;
  return Object.entries(STAND_INS).reduce((text, [each, standIn]) => text.replaceAll(standIn, each), given);
}

/** Globs are written with forward slashes; on Windows paths come with the other ones. */
function toPattern(from: string): string {
  return path.sep === '\\' ? from.replaceAll('\\', '/') : from;
}
