// The common code that converts patterns of webpack's and Rspack's copy plugins to targets of the engine.
import path from 'node:path';
import { inspect } from 'node:util';
import type { CopyOptions, Target } from 'fs-reflink';
import { isInside } from 'fs-reflink/host';
import { statsOf } from '../targets/stats.ts';
import { relativeName } from '../targets/targets.ts';

/** A pattern that the engine would not copy the same way. The message names the option, its value and the reason. */
export class PatternRefused extends Error {
  constructor(name: string, value: unknown, reason: string) {
    const shown =
      typeof value === 'function' ? 'a function' : inspect(value, { depth: 2, breakLength: Infinity });
    super(`"${name}", which is ${shown}, ${reason}`);
  }
}

/** @throws {PatternRefused} for the first option that is not among `known`, which are names separated by spaces */
export function checkKnown(given: object, known: string, prefix = ''): void {
  for (const [name, value] of Object.entries(given))
    if (!known.split(' ').includes(name)) throw new PatternRefused(prefix + name, value, 'is not known');
}

/** The files that a pattern selects. */
export interface Found {
  kind: 'file' | 'directory' | 'glob';
  /** The directory that the paths of the files are relative to: that of the file, or the part before a glob. */
  base: string;
  target: Pick<Target<string>, 'from' | 'ignore'> & { ignore: string[] };
}

/**
 * Finds what `from` selects, relative to `context`: a file, a directory without its empty directories, or the matches
 * of a glob. `ignore` has globs of absolute paths, each with its text in the config. `dot`: whether dotfiles are
 * selected. By default, a directory includes them and a glob does not.
 *
 * @throws {PatternRefused}
 */
export function findPattern(
  from: string,
  context: string,
  { dot, ignore }: { dot: boolean | undefined; ignore: readonly { glob: string; given: string }[] },
): Found {
  const full = path.resolve(context, from);
  const stats = statsOf(full);
  const kind = stats?.isFile() ? 'file' : stats?.isDirectory() ? 'directory' : 'glob';
  const rest = kind === 'glob' ? dynamicPart(full) : '';
  checkGlob('from', from, rest);
  const base =
    kind === 'file' ? path.dirname(full) : full.slice(0, full.length - (rest && `/${rest}`).length);
  const ignored = ignore.flatMap(({ glob, given }) => relativeIgnore(glob, given, base));
  if (kind !== 'file' && !(dot ?? kind === 'directory')) ignored.push('**/.*', '**/.*/**');
  return {
    kind,
    base,
    target: { from: kind === 'directory' ? path.join(full, '**/*') : full, ignore: ignored },
  };
}

/** The settings of a pattern for links and attributes, as far as they differ from the options. */
export function attributesOf(
  asked: { followSymlinks: boolean; mode?: boolean | undefined; timestamps?: boolean | undefined },
  { preserve, symlinks = 'follow' }: Pick<CopyOptions, 'preserve' | 'symlinks'>,
): Pick<Target<string>, 'symlinks' | 'preserve'> {
  const wanted = asked.followSymlinks ? 'follow' : 'keep';
  const isMissing = (each: 'mode' | 'timestamps') => asked[each] && preserve?.includes(each) === false;
  const missing = (['mode', 'timestamps'] as const).filter(isMissing);
  return {
    ...(wanted !== symlinks && { symlinks: wanted }),
    ...(preserve && missing.length > 0 && { preserve: [...preserve, ...missing] }),
  };
}

/** The part of a glob that starts at the first segment with a wildcard. Without one, it is the last segment. */
function dynamicPart(glob: string): string {
  const segments = glob.replaceAll(path.sep, '/').split('/');
  const first = segments.findIndex((segment) => /(^|[^\\])[*?[{]/.test(segment));
  return first < 0 ? path.basename(glob) : segments.slice(first).join('/');
}

/** Allows only syntax that means the same to the bundlers and the engine: `*`, `**`, `?`, `[ab]` and `{a,b}`. */
function checkGlob(name: string, given: string, dynamic: string): void {
  const refused = [
    [/[()|]/, 'parentheses'],
    [/^!/, 'a leading "!"'],
    [/\.\./, '".."'],
    [/[^/]\*\*|\*\*[^/]/, '"**" beside other characters'],
    [/(^|\/)\.[^/]*/, 'a name that begins with a dot'],
  ] as const;
  const found = refused.find(([pattern]) => pattern.test(dynamic));
  if (found) throw new PatternRefused(name, given, `has ${found[1]} in its pattern`);
}

/** Converts an `ignore` of absolute paths to one relative to `base`. The result is empty if it cannot match there. */
function relativeIgnore(full: string, given: string, base: string): string[] {
  const rest = dynamicPart(full);
  checkGlob('globOptions.ignore', given, rest.replace(/(^|\/)\./g, '$1'));
  const literal = full.slice(0, full.length - rest.length - 1) || '/';
  if (isInside(base, literal)) return [[relativeName(base, literal), rest].filter(Boolean).join('/')];
  if (!isInside(literal, base)) return [];
  if (rest.startsWith('**/')) return [rest];
  throw new PatternRefused('globOptions.ignore', given, `has a pattern above ${inspect(base)}`);
}
