import path from 'node:path';
import { inspect } from 'node:util';
import type { Target } from 'fs-reflink';
import type { Compiler } from 'webpack';
import type { ResolvedOptions } from '../../options.ts';
import { statsOf } from '../../stats.ts';
import { relativeName } from '../../targets.ts';
import type { WebpackTarget } from './targets.ts';
import { interpolate } from './template.ts';

type Output = Compiler['options']['output'];
type Pattern = Exclude<NonNullable<Output['copy']>['patterns'][number], string>;

const KNOWN = 'from to filename context globOptions info preservePermissions preserveTimestamps transform';
const KNOWN_OF_GLOBS = 'caseSensitive deep dot followSymlinks ignore';

/**
 * Takes `output.copy` away from webpack, which copies nothing then, and gives back what it names.
 *
 * @throws {Error} naming a pattern that would not be copied the same way
 */
export function takeOverCopy(compiler: Compiler, options: ResolvedOptions): WebpackTarget[] {
  const { output } = compiler.options;
  const { copy } = output;
  if (!copy) return [];
  delete output.copy;
  const { patterns, concurrency: _concurrency, ...others } = copy;
  checkKnown(others, '');
  return patterns.flatMap((each, number) => {
    const pattern = typeof each === 'string' ? { from: each } : each;
    checkPattern(pattern);
    const list = Array.isArray(pattern.from) ? pattern.from : [pattern.from];
    return list.map((from) => toTarget(compiler, pattern, from, number, options));
  });
}

function checkPattern(pattern: Pattern): void {
  const { globOptions = {} } = pattern;
  checkKnown(pattern, KNOWN);
  checkKnown(globOptions, KNOWN_OF_GLOBS, 'globOptions.');
  if (globOptions.caseSensitive === false)
    throw cannot('globOptions.caseSensitive', false, 'is not possible');
}

/** What a pattern says about links and attributes, where the options say something else. */
function saidOf(
  { globOptions, preservePermissions, preserveTimestamps }: Pattern,
  { engine: { preserve, symlinks = 'follow' } }: ResolvedOptions,
): Pick<Target<string>, 'symlinks' | 'preserve'> {
  const wanted = globOptions?.followSymlinks === false ? 'keep' : 'follow';
  const asked = [preservePermissions && 'mode', preserveTimestamps && 'timestamps'] as const;
  const missing = asked.flatMap((each) => (each && preserve && !preserve.includes(each) ? [each] : []));
  return {
    ...(wanted !== symlinks && { symlinks: wanted }),
    ...(preserve && missing.length > 0 && { preserve: [...preserve, ...missing] }),
  };
}

function checkKnown(given: object, known: string, prefix = ''): void {
  for (const [name, value] of Object.entries(given))
    if (!known.split(' ').includes(name)) throw cannot(prefix + name, value, 'is not known');
}

function toTarget(
  compiler: Compiler,
  pattern: Pattern,
  from: string,
  number: number,
  options: ResolvedOptions,
): WebpackTarget {
  const { context: given, filename = '[path][base]', to, info, transform } = pattern;
  const context = given === undefined ? compiler.context : path.resolve(compiler.context, given);
  const file = (source: string, name: string) => ({
    absoluteFilename: source,
    sourceFilename: relativeName(compiler.context, source),
    filename: name,
  });
  const transformer = typeof transform === 'object' ? transform.transformer : transform!;
  /** What `info` is told is relative to `to`. */
  const below = new Map<string, string>();
  return {
    kind: 'pattern',
    target: {
      ...found(pattern, from, context),
      ...saidOf(pattern, options),
      ...(given !== undefined && { base: context }),
      ...(transform && { transform: (content, { source }) => transformer(content, source) }),
    },
    async naming(named, compilation) {
      const { path: name, info } = await interpolate(filename, named, compilation);
      below.set(named.file, name);
      const directory = typeof to === 'function' ? to(file(named.file, name)) : to;
      return { path: directory ? path.posix.join(directory.replaceAll('\\', '/'), name) : name, info };
    },
    info: (name, { source }) =>
      typeof info === 'function' ? info(file(source, below.get(source) ?? name)) : { ...info },
    pattern: { number, from },
  };
}

/** What a pattern names: a directory without those in it that are empty, a file, or what matches. */
function found({ globOptions = {} }: Pattern, from: string, context: string): Target<string> {
  const { deep = Number.POSITIVE_INFINITY, dot = true, ignore = [] } = globOptions;
  const full = path.resolve(context, from);
  const stats = statsOf(full);
  const isFile = stats?.isFile() ?? false;
  const isDirectory = stats?.isDirectory() ?? false;
  const rest = isFile || isDirectory ? '' : dynamicPart(full);
  checkGlob('from', from, rest);
  const base = isFile ? path.dirname(full) : full.slice(0, full.length - (rest && `/${rest}`).length);
  const ignored = ignore.flatMap((each) => relativeIgnore(path.resolve(context, each), each, base));
  if (isFile) return { from: full, ignore: ignored };
  return {
    from: isDirectory ? `${full}/**/*` : full,
    ignore: ignored,
    filter(_below, source) {
      const names = relativeName(base, source).split('/');
      return names.length <= deep && (dot || !names.some((name) => name.startsWith('.')));
    },
  };
}

/** The part of a glob from its first segment on that is a pattern. */
function dynamicPart(glob: string): string {
  const segments = glob.split('/');
  const first = segments.findIndex((segment) => /(^|[^\\])[*?[{]/.test(segment));
  return first < 0 ? path.basename(glob) : segments.slice(first).join('/');
}

/** webpack and fast-glob agree about `*`, `**`, `?`, `[ab]` and `{a,b}`, and about nothing else. */
function checkGlob(name: string, given: string, dynamic: string): void {
  const refused = [
    [/[()|]/, 'parentheses'],
    [/^!/, 'a leading "!"'],
    [/\.\./, '".."'],
    [/[^/]\*\*|\*\*[^/]/, '"**" beside other characters'],
    [/(^|\/)\.[^/]*/, 'a name that begins with a dot'],
  ] as const;
  const found = refused.find(([pattern]) => pattern.test(dynamic));
  if (found) throw cannot(name, given, `has ${found[1]} in its pattern`);
}

/** An `ignore`, which webpack compares with absolute paths, as one below a directory; nothing if it never matches. */
function relativeIgnore(full: string, given: string, base: string): string[] {
  const rest = dynamicPart(full);
  checkGlob('globOptions.ignore', given, rest.replace(/(^|\/)\./g, '$1'));
  const literal = full.slice(0, full.length - rest.length - 1) || '/';
  const below = relativeName(base, literal);
  if (!leaves(below)) return [[below, rest].filter(Boolean).join('/')];
  if (leaves(relativeName(literal, base))) return [];
  if (rest.startsWith('**/')) return [rest];
  throw cannot('globOptions.ignore', given, `has a pattern above ${inspect(base)}`);
}

function leaves(relative: string): boolean {
  return relative === '..' || relative.startsWith('../') || path.isAbsolute(relative);
}

function cannot(name: string, value: unknown, why: string): Error {
  const shown =
    typeof value === 'function' ? 'a function' : inspect(value, { depth: 2, breakLength: Infinity });
  return new Error(
    `unplugin-reflink (webpack): cannot take over output.copy: "${name}", which is ${shown}, ${why}`,
  );
}
