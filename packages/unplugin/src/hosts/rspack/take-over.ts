import path from 'node:path';
import type { Compiler, CopyRspackPluginOptions } from '@rspack/core';
import type { Target } from 'fs-reflink';
import { isInside } from 'fs-reflink/host';
import { attributesOf, checkKnown, findPattern, PatternRefused } from '../../compilers/copy-patterns.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import type { HostLog } from '../../output/log.ts';
import type { OutputTargets } from '../../targets/targets.ts';

type Pattern = Exclude<CopyRspackPluginOptions['patterns'][number], string>;

const KNOWN =
  'from to context toType noErrorOnMissing force priority globOptions info copyPermissions transform';
const KNOWN_OF_GLOBS = 'caseSensitiveMatch dot ignore';

/** The same pattern by which Rspack recognizes placeholders. */
const TEMPLATE = /\[\\*[\w:]+\\*\]/;

/** The plugins in Rust that a compiler has before its first build. Its types do not declare them. */
interface NativePlugins {
  __internal__builtinPlugins?: { name: string; options: { patterns: Pattern[] } }[];
}

/**
 * Moves the patterns of every CopyRspackPlugin of a compiler that has not built yet to the targets. A
 * CopyRspackPlugin keeps the patterns that the engine would copy differently, and the reason is logged.
 */
export function takeOverPatterns(
  compiler: Compiler,
  { publicTargets, targets }: OutputTargets,
  options: ResolvedOptions,
  log: HostLog,
): void {
  const natives = (compiler as NativePlugins).__internal__builtinPlugins ?? [];
  const taken: { pattern: Pattern; target: Target<string> }[] = [];
  for (const { name, options: native } of natives) {
    if (name !== 'CopyRspackPlugin') continue;
    native.patterns = [...native.patterns].sort(byPriority).filter((pattern) => {
      try {
        taken.push({ pattern, target: toTarget(compiler, pattern, options) });
        return false;
      } catch (error) {
        if (!(error instanceof PatternRefused)) throw error;
        if (options.report !== false)
          log.info(`CopyRspackPlugin keeps its pattern ${JSON.stringify(pattern.from)}: ${error.message}`);
        return true;
      }
    });
  }
  // Files of patterns without `force` replace nothing, like public files. Of two such files, the first is kept.
  publicTargets.push(...targetsOf(taken.filter(({ pattern }) => !pattern.force)).reverse());
  targets.unshift(...targetsOf(taken.filter(({ pattern }) => pattern.force)));
}

function byPriority({ priority: one = 0 }: Pattern, { priority: other = 0 }: Pattern): number {
  return one - other;
}

function targetsOf(taken: readonly { target: Target<string> }[]): Target<string>[] {
  return taken.map(({ target }) => target);
}

function toTarget(compiler: Compiler, pattern: Pattern, { engine }: ResolvedOptions): Target<string> {
  const { from, to = '', toType, noErrorOnMissing, copyPermissions, transform, globOptions = {} } = pattern;
  checkKnown(pattern, KNOWN);
  checkKnown(globOptions, KNOWN_OF_GLOBS, 'globOptions.');
  if (transform) throw new PatternRefused('transform', transform, 'changes contents');
  if (globOptions.caseSensitiveMatch === false)
    throw new PatternRefused('globOptions.caseSensitiveMatch', false, 'is not possible');
  checkInfo(pattern);
  const context = path.resolve(compiler.context, pattern.context ?? '.');
  const { kind, base, target } = findPattern(/\/\*\*$/.test(from) ? `${from}/*` : from, context, {
    dot: globOptions.dot,
    ignore: (globOptions.ignore ?? []).map(absoluteGlob),
  });
  if (noErrorOnMissing && kind === 'glob')
    throw new PatternRefused('noErrorOnMissing', true, 'is for what may be missing');
  if (kind === 'glob' && !isInside(context, base))
    throw new PatternRefused('from', from, `leads out of ${JSON.stringify(context)}`);
  return {
    ...target,
    ...(kind === 'glob' && { base: context }),
    ...placeOf({ to, toType, from, isFile: kind === 'file' }, compiler.outputPath),
    ...attributesOf({ followSymlinks: true, mode: copyPermissions }, engine),
  };
}

/** Copied files are no assets, so nothing reads their `info`. `minimized: true` is allowed, because it is true. */
function checkInfo({ info = {} }: Pattern): void {
  for (const [name, value] of Object.entries(info)) {
    if (value === undefined || (name === 'minimized' && value === true)) continue;
    throw new PatternRefused(`info.${name}`, value, 'is for assets, which copies are not');
  }
}

function absoluteGlob(given: string): { glob: string; given: string } {
  if (path.isAbsolute(given)) return { glob: given, given };
  if (given.startsWith('**/')) return { glob: `/${given}`, given };
  throw new PatternRefused('globOptions.ignore', given, 'begins with neither "/" nor "**/"');
}

/** The destination: a directory in the output, or the path of one file. */
function placeOf(
  {
    to,
    toType,
    from,
    isFile,
  }: { to: Pattern['to']; toType: string | undefined; from: string; isFile: boolean },
  output: string,
): Pick<Target<string>, 'to' | 'rename'> {
  if (typeof to !== 'string') throw new PatternRefused('to', to, 'may name what it likes');
  if (toType === 'template' || (toType === undefined && TEMPLATE.test(to)))
    throw new PatternRefused('to', to, 'is a template');
  const full = path.resolve(output, to);
  if (!isInside(output, full)) throw new PatternRefused('to', to, 'leads out of the output');
  const below = path.relative(output, full) || '.';
  // Rspack looks only at the extension, also if `to` ends in a slash.
  if (toType === 'dir' || (toType === undefined && path.extname(to) === '')) return { to: below };
  if (!isFile) throw new PatternRefused('to', to, `is one file, and ${JSON.stringify(from)} may be several`);
  return { to: path.dirname(below), rename: path.basename(below) };
}
