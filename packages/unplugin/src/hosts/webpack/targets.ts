import type { Target } from 'fs-reflink';
import type { AssetInfo, Compilation } from 'webpack';
import type { AssetOptions, ResolvedOptions } from '../../options/options.ts';
import { type OutputTargets, toTargets } from '../../targets/targets.ts';
import { hasOtherPlaceholders, interpolate, isTemplate, type Named } from './template.ts';

/** A target of the engine, and what of it is webpack's. */
export interface WebpackTarget {
  /**
   * Who wins: the public directory nothing, a target everything, and a pattern of `output.copy` must not meet the bundle,
   * which imported files belong to.
   */
  kind: 'public' | 'target' | 'pattern' | 'bundle';
  target: Target<string>;
  /** What the options say about its files as assets. */
  asset?: AssetOptions;
  /** Names made with what the compilation knows, in place of `rename`. */
  naming?: (named: Named, compilation: Compilation) => Promise<{ path: string; info: AssetInfo }>;
  /** For what comes from `output.copy`: which pattern, and what it was called there. */
  pattern?: { number: number; from: string };
}

/** What the options ask for, `to` and `rename` as templates of webpack included. */
export function webpackTargets(options: ResolvedOptions, root: string): WebpackTarget[] {
  const { publicTargets, targets } = toTargets(options, { root });
  const { publicDirs = [], targets: given } = options;
  return [
    ...publicTargets.map(
      (target, number): WebpackTarget => ({ kind: 'public', target, asset: publicDirs[number]! }),
    ),
    ...targets.map((target, number) => ({ ...withTemplate(target), asset: given[number]! })),
  ];
}

/** Whether its files have the names that the engine gives them, and their own contents. */
export function isPlain({ naming, pattern, target }: WebpackTarget): boolean {
  return !naming && !pattern && !target.transform;
}

/** What of it is the engine's. */
export function engineTargets(targets: readonly WebpackTarget[]): OutputTargets {
  const of = (isPublic: boolean) =>
    targets.filter(({ kind }) => (kind === 'public') === isPublic).map(({ target }) => target);
  return { publicTargets: of(true), targets: of(false) };
}

/** A `rename` function may return templates as well as names: which of both, each file shows. */
function withTemplate(target: Target<string>): WebpackTarget {
  const { rename, to = '.', ...rest } = target;
  if (rename === undefined && isTemplate(to)) {
    return {
      kind: 'target',
      target: rest,
      naming: (named, compilation) => interpolate(to, named, compilation),
    };
  }
  if (typeof rename !== 'function' && !isTemplate(rename)) return { kind: 'target', target };
  return {
    kind: 'target',
    // With a slash, so that it stays a directory.
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
