import { createRequire } from 'node:module';
import path from 'node:path';
import { CopyError } from '../errors.ts';
import { isInside } from '../inside.ts';
import { join } from './filter.ts';

/** What fast-glob matches names by. Loaded for the first pattern: most copies have none. */
const micromatch = (): typeof import('micromatch') =>
  createRequire(import.meta.url || __filename)('micromatch');

/**
 * As fast-glob has them, and two more: `s`, or a globstar would match no line break, and a file with one in its path
 * would be left out without a word; and no pattern is negated, because a base was cut off from its beginning.
 */
const OPTIONS = { dot: true, posix: true, strictSlashes: false, flags: 's', nonegate: true, windows: false };

/** A pattern, and the absolute path of the directory that it is relative to. */
export interface Glob {
  base: string;
  pattern: string;
}

interface Pattern {
  regexp: RegExp;
  /** One for each part: text that has to be the same, or what has to match. */
  segments: (string | RegExp)[];
  /** From this segment on anything may follow. */
  globstar: number;
}

interface Exclusion {
  regexp: RegExp;
  /** What it matches is not looked into. */
  deep: boolean;
  /** A path below the root as one below the pattern's base; undefined where it lies outside. */
  rebase: (relative: string) => string | undefined;
}

/** Whether a path, or a segment of one, is a pattern by fast-glob's rules. Braces may hold slashes. */
export function isDynamic(segment: string): boolean {
  return /[*?]|^!|\[[^[]*]|(?:^|[^!*+?@])\([^(]*\|[^|]*\)|[!*+?@]\([^(]*\)|\{[^}]*(?:,|\.\.|$)/.test(
    segment.replace(/\\./g, ''),
  );
}

export function unescaped(segment: string): string {
  return segment.replace(/\\(.)/gs, '$1');
}

/** What of a directory is copied, asked about paths relative to it, with forward slashes. */
export class Matcher {
  /** Undefined: everything. Else directories do not count for themselves. */
  readonly #patterns: Pattern[] | undefined;
  readonly #excluded: Exclusion[];

  /** `pattern` is relative to `root`; without one all matches that is not excluded. */
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

  /** Whether a directory matches itself. */
  hasDirectory(relative: string): boolean {
    const isMatched = this.#patterns?.some(({ regexp }) => matchesDirectory(regexp, relative)) ?? true;
    return isMatched && !this.#isExcluded(relative, ({ regexp }, below) => matchesDirectory(regexp, below));
  }

  /** Whether something in a directory may match. */
  enters(relative: string): boolean {
    const isExcluded = ({ deep, regexp }: Exclusion, below: string) =>
      deep && matchesDirectory(regexp, below);
    if (this.#isExcluded(relative, isExcluded)) return false;
    return this.#patterns === undefined || relative === '' || this.#begunBy(relative).length > 0;
  }

  /** The names that alone may match in a directory; undefined: any. */
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

  /** The patterns that a directory's path is a beginning of. */
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

/** A slash at its end is for patterns that have one there, or a globstar after it. */
function matchesDirectory(regexp: RegExp, relative: string): boolean {
  return regexp.test(relative) || regexp.test(`${relative}/`);
}

function isMatched(segment: string | RegExp, part: string): boolean {
  return typeof segment === 'string' ? segment === part : segment.test(part);
}

/** Patterns without braces, as fast-glob expands them. */
function expand(pattern: string): string[] {
  const patterns = micromatch().braces(pattern, {
    expand: true,
    nodupes: true,
    keepEscaping: true,
  } as object);
  return patterns.filter((each) => each !== '').map((each) => each.replace(/(?!^)\/{2,}/g, '/'));
}

function compile(pattern: string): RegExp {
  return micromatch().makeRe(pattern, OPTIONS as object);
}

function parse(pattern: string, root: string): Pattern {
  // Its types leave the parts out, and of some patterns without a slash there are none.
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

/** As for fast-glob, one whose last part has wildcards, or that ends with a slash, leaves out no more than it matches. */
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
