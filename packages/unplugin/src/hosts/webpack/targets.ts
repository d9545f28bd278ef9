import type { Target } from 'fs-reflink';
import type { AssetInfo, Compilation } from 'webpack';
import type { AssetOptions, ResolvedOptions } from '../../options/options.ts';
import type { Origin } from '../../output/winner.ts';
import { type OutputTargets, toTargets } from '../../targets/targets.ts';
import { hasOtherPlaceholders, interpolate, isTemplate, type Named } from './template.ts';

/** A target of the engine, with what only webpack needs. */
export interface WebpackTarget {
  /** Decides which file is kept in a collision. Imported files belong to the bundle. */
  origin: Origin;
  target: Target<string>;
  /** The options for the files as assets. */
  asset?: AssetOptions;
  /** Names a file with data of the compilation. Used instead of `rename`. */
  naming?: (named: Named, compilation: Compilation) => Promise<{ path: string; info: AssetInfo }>;
  /**
   * For a target from `output.copy`: the position of the pattern, and its `from` in the config. Its files must not
   * collide with the bundle.
   */
  pattern?: { number: number; from: string };
}

/** The targets of the options. Their `to` and `rename` may be templates of webpack. */
export function webpackTargets(options: ResolvedOptions, root: string): WebpackTarget[] {
  const { publicTargets, targets } = toTargets(options, { root });
  const { publicDirs = [], targets: given } = options;
  return [
    ...publicTargets.map(
      (target, number): WebpackTarget => ({ origin: 'public', target, asset: publicDirs[number]! }),
    ),
    ...targets.map((target, number) => ({ ...withTemplate(target), asset: given[number]! })),
  ];
}

/** Whether the engine alone determines the names of a target's files, and copies their contents unchanged. */
export function isPlain({ naming, pattern, target }: WebpackTarget): boolean {
  return !naming && !pattern && !target.transform;
}

/** The targets for the engine. */
export function engineTargets(targets: readonly WebpackTarget[]): OutputTargets {
  const of = (isPublic: boolean) =>
    targets.filter(({ origin }) => (origin === 'public') === isPublic).map(({ target }) => target);
  return { publicTargets: of(true), targets: of(false) };
}

/** A `rename` function may return a template or a name, which is decided for each file. */
function withTemplate(target: Target<string>): WebpackTarget {
  const { rename, to = '.', ...rest } = target;
  if (rename === undefined && isTemplate(to)) {
    return {
      origin: 'target',
      target: rest,
      naming: (named, compilation) => interpolate(to, named, compilation),
    };
  }
  if (typeof rename !== 'function' && !isTemplate(rename)) return { origin: 'target', target };
  return {
    origin: 'target',
    // With a slash, `to` is always a directory.
    target: { ...rest, to: `${to}/` },
    async naming(named, compilation) {
      const { below, file } = named;
      const name = typeof rename === 'function' ? await rename(below, file) : keepingDirectory(rename);
      const isName = typeof rename === 'function' && !hasOtherPlaceholders(name, below);
      return isName ? { path: name, info: {} } : interpolate(name, named, compilation);
    },
  };
}

function keepingDirectory(template: string): string {
  return /\[\\*path\\*\]/i.test(template) ? template : `[path]${template}`;
}
