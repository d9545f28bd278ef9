import { createRequire } from 'node:module';
import path from 'node:path';
import { CopyError } from '../errors.ts';
import { isInside } from '../inside.ts';
import { EINVAL } from '../platform/errno.ts';
import { join } from './filter.ts';

/**
 * The library that fast-glob matches names with. It is loaded for the first pattern, because most copies have none.
 */
const micromatch = (): typeof import('micromatch') =>
  createRequire(import.meta.url || __filename)('micromatch');

/**
 * The options of fast-glob, and two more. Without the flag `s` a globstar would not match a line break, and a file
 * with a line break in its path would be left out silently. No pattern is negated, because its start was cut off as
 * the base.
 */
const OPTIONS = { dot: true, posix: true, strictSlashes: false, flags: 's', nonegate: true, windows: false };

/** A pattern, and the absolute path of the directory that it is relative to. */
export interface Glob {
  base: string;
  pattern: string;
}

interface Pattern {
  regexp: RegExp;
  /** One for each part of the pattern: text that must be equal, or an expression that must match. */
  segments: (string | RegExp)[];
  /** The index of the first segment that is a globstar: from there on, anything may follow. */
  globstar: number;
}

interface Exclusion {
  regexp: RegExp;
  /** Directories that the pattern matches are not read. */
  deep: boolean;
  /**
   * Converts a path below the root to a path below the pattern's base. Returns undefined if it is outside the base.
   */
  rebase: (relative: string) => string | undefined;
}

/** Whether a path, or a segment of one, is a pattern by fast-glob's rules. Braces may contain slashes. */
export function isDynamic(segment: string): boolean {
  return /[*?]|^!|\[[^[]*]|(?:^|[^!*+?@])\([^(]*\|[^|]*\)|[!*+?@]\([^(]*\)|\{[^}]*(?:,|\.\.|$)/.test(
    segment.replace(/\\./g, ''),
  );
}

export function unescaped(segment: string): string {
  return segment.replace(/\\(.)/gs, '$1');
}

/** Decides which entries of a directory are copied. All paths are relative to it, with forward slashes. */
export class Matcher {
  /**
   * Undefined: everything matches. With patterns only files are copied, and directories only for the files in them.
   */
  readonly #patterns: Pattern[] | undefined;
  readonly #excluded: Exclusion[];

  /** `pattern` is relative to `root`. Without a pattern, everything matches that is not excluded. */
  constructor(root: string, pattern: string | undefined, excluded: readonly Glob[]) {
    this.#patterns = pattern === undefined ? undefined : expand(pattern).map((each) => parse(each, root));
    this.#excluded = excluded.flatMap((glob) =>
      expand(glob.pattern).map((each) => ({
        regexp: compile(each),
        deep: isDeep(each),
        rebase: rebasing(root, glob.base),
      })),
    );
  }

  get filesOnly(): boolean {
    return this.#patterns !== undefined;
  }

  get excludes(): boolean {
    return this.#excluded.length > 0;
  }

  hasFile(relative: string): boolean {
    const isMatched = this.#patterns?.some(({ regexp }) => regexp.test(relative)) ?? true;
    return isMatched && !this.#isExcluded(relative, ({ regexp }, below) => regexp.test(below));
  }

  /** Whether the directory itself matches. */
  hasDirectory(relative: string): boolean {
    const isMatched = this.#patterns?.some(({ regexp }) => matchesDirectory(regexp, relative)) ?? true;
    return isMatched && !this.#isExcluded(relative, ({ regexp }, below) => matchesDirectory(regexp, below));
  }

  /** Whether something in the directory may match. */
  enters(relative: string): boolean {
    const isExcluded = ({ deep, regexp }: Exclusion, below: string) =>
      deep && matchesDirectory(regexp, below);
    if (this.#isExcluded(relative, isExcluded)) return false;
    return this.#patterns === undefined || relative === '' || this.#begunBy(relative).length > 0;
  }

  /** The only names that can match in the directory. Returns undefined if any name can. */
  namesIn(relative: string): string[] | undefined {
    if (!this.#patterns) return undefined;
    const depth = relative === '' ? 0 : relative.split('/').length;
    const names = new Set<string>();
    for (const { segments, globstar } of this.#begunBy(relative)) {
      const segment = segments[depth];
      if (depth >= globstar || typeof segment !== 'string') return undefined;
      names.add(segment);
    }
    return [...names];
  }

  /** The patterns that something in the directory can match. */
  #begunBy(relative: string): Pattern[] {
    const parts = relative === '' ? [] : relative.split('/');
    return this.#patterns!.filter(
      ({ segments, globstar }) =>
        (globstar < segments.length || parts.length < segments.length) &&
        parts.every((part, depth) => depth >= globstar || isMatched(segments[depth]!, part)),
    );
  }

  #isExcluded(relative: string, isExcludedBy: (exclusion: Exclusion, below: string) => boolean): boolean {
    return this.#excluded.some((exclusion) => {
      const below = exclusion.rebase(relative);
      return below !== undefined && isExcludedBy(exclusion, below);
    });
  }
}

/** The path is also tested with a slash at its end, for patterns that end with a slash or with a globstar. */
function matchesDirectory(regexp: RegExp, relative: string): boolean {
  return regexp.test(relative) || regexp.test(`${relative}/`);
}

function isMatched(segment: string | RegExp, part: string): boolean {
  return typeof segment === 'string' ? segment === part : segment.test(part);
}

/** Expands braces in the same way as fast-glob, with its limits. */
function expand(pattern: string): string[] {
  return bracesOf(pattern)
    .filter((each) => each !== '')
    .map((each) => each.replace(/(?!^)\/{2,}/g, '/'));
}

function bracesOf(pattern: string): string[] {
  // An error of loading the library says nothing about the braces.
  const { braces } = micromatch();
  try {
    return braces(pattern, { expand: true, nodupes: true, keepEscaping: true } as object);
  } catch (cause) {
    const reason =
      'the braces of a glob are too long: they may have 1,000 numbers, as in {1..1000}, or 10,000 characters; write a wildcard, or an array of globs';
    throw new CopyError({ code: 'EINVAL', reason, errno: EINVAL, cause });
  }
}

function compile(pattern: string): RegExp {
  return micromatch().makeRe(pattern, OPTIONS as object);
}

function parse(pattern: string, root: string): Pattern {
  // micromatch's types do not declare `parts`, and some patterns without a slash have none.
  const scanned = micromatch().scan(pattern, { ...OPTIONS, parts: true } as object) as object as {
    parts: string[];
  };
  const parts = scanned.parts.length > 0 ? scanned.parts : [pattern];
  const segments = parts.map((part) => (isDynamic(part) ? compile(part) : unescaped(part)));
  if (segments.includes('..'))
    throw new CopyError({
      code: 'ERR_OUTSIDE_BASE',
      reason: `the glob leaves the directory that it begins in by ".." in ${JSON.stringify(pattern)}; write ".." before the first wildcard or brace`,
      source: root,
    });
  const globstar = parts.findIndex((part) => part.includes('**'));
  return { regexp: compile(pattern), segments, globstar: globstar < 0 ? segments.length : globstar };
}

/**
 * Whether a pattern excludes everything in the directories that it matches. As in fast-glob, a pattern with wildcards
 * in its last part, or with a slash at its end, excludes only what it matches itself.
 */
function isDeep(pattern: string): boolean {
  return /(^|\/)\*\*$/.test(pattern) || !(pattern.endsWith('/') || isDynamic(path.posix.basename(pattern)));
}

function rebasing(root: string, base: string): Exclusion['rebase'] {
  const toPosix = (given: string) => given.split(path.sep).join('/');
  if (isInside(base, root)) {
    const prefix = toPosix(path.relative(base, root));
    return (relative) => (relative === '' ? prefix : join(prefix, relative));
  }
  if (!isInside(root, base)) return () => undefined;
  const prefix = toPosix(path.relative(root, base));
  return (relative) => {
    if (relative === prefix) return '';
    return relative.startsWith(`${prefix}/`) ? relative.slice(prefix.length + 1) : undefined;
  };
}
