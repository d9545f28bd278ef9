import path from 'node:path';
import type { Compiler } from 'webpack';
import { attributesOf, checkKnown, findPattern, PatternRefused } from '../../compilers/copy-patterns.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { relativeName } from '../../targets/targets.ts';
import type { WebpackTarget } from './targets.ts';
import { interpolate } from './template.ts';

type Output = Compiler['options']['output'];
type Pattern = Exclude<NonNullable<Output['copy']>['patterns'][number], string>;

const KNOWN = 'from to filename context globOptions info preservePermissions preserveTimestamps transform';
const KNOWN_OF_GLOBS = 'caseSensitive deep dot followSymlinks ignore';

/**
 * Removes `output.copy` from the config, so that webpack copies nothing, and returns its patterns as targets.
 *
 * @throws {Error} if the engine would copy a pattern differently
 */
export function takeOverCopy(compiler: Compiler, options: ResolvedOptions): WebpackTarget[] {
  const { output } = compiler.options;
  const { copy } = output;
  if (!copy) return [];
  delete output.copy;
  const { patterns, concurrency: _concurrency, ...others } = copy;
  try {
    checkKnown(others, '');
    return patterns.flatMap((each, number) => {
      const pattern = typeof each === 'string' ? { from: each } : each;
      const list = Array.isArray(pattern.from) ? pattern.from : [pattern.from];
      return list.map((from) => toTarget(compiler, pattern, from, number, options));
    });
  } catch (error) {
    if (!(error instanceof PatternRefused)) throw error;
    throw new Error(`unplugin-reflink (webpack): cannot take over output.copy: ${error.message}`);
  }
}

function toTarget(
  compiler: Compiler,
  pattern: Pattern,
  from: string,
  number: number,
  options: ResolvedOptions,
): WebpackTarget {
  const { context: given, filename = '[path][base]', to, info, transform, globOptions } = pattern;
  const { preservePermissions, preserveTimestamps } = pattern;
  const context = given === undefined ? compiler.context : path.resolve(compiler.context, given);
  const transformer = typeof transform === 'object' ? transform.transformer : transform!;
  return {
    origin: 'target',
    pattern: { number, from },
    target: {
      ...found(pattern, from, context),
      ...attributesOf(
        {
          followSymlinks: globOptions?.followSymlinks !== false,
          mode: preservePermissions,
          timestamps: preserveTimestamps,
        },
        options.engine,
      ),
      ...(given !== undefined && { base: context }),
      ...(transform && { transform: (content, { source }) => transformer(content, source) }),
    },
    async naming(named, compilation) {
      const { path: name, info: ofName } = await interpolate(filename, named, compilation);
      const asset = {
        absoluteFilename: named.file,
        sourceFilename: relativeName(compiler.context, named.file),
        filename: name,
      };
      const directory = typeof to === 'function' ? to(asset) : to;
      return {
        path: directory ? path.posix.join(directory.replaceAll('\\', '/'), name) : name,
        info: { ...ofName, ...(typeof info === 'function' ? info(asset) : info) },
      };
    },
  };
}

/** The target of a pattern, without files that are deeper than `globOptions.deep`. */
function found(pattern: Pattern, from: string, context: string): WebpackTarget['target'] {
  const { globOptions = {} } = pattern;
  checkKnown(pattern, KNOWN);
  checkKnown(globOptions, KNOWN_OF_GLOBS, 'globOptions.');
  const { caseSensitive, deep = Number.POSITIVE_INFINITY, dot = true, ignore = [] } = globOptions;
  if (caseSensitive === false)
    throw new PatternRefused('globOptions.caseSensitive', false, 'is not possible');
  const ignored = ignore.map((each) => ({ glob: path.resolve(context, each), given: each }));
  const { kind, base, target } = findPattern(from, context, { dot, ignore: ignored });
  if (kind === 'file' || deep === Number.POSITIVE_INFINITY) return target;
  return { ...target, filter: (_below, source) => relativeName(base, source).split('/').length <= deep };
}
