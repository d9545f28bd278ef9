import path from 'node:path';
import type { Target } from 'fs-reflink';
import type { ListedFile } from 'fs-reflink/list';
import type { AssetInfo, Compilation } from 'webpack';
import type { AssetOptions, ResolvedOptions } from '../../options.ts';
import { type OutputTargets, toTargets } from '../../targets.ts';
import { hasOtherPlaceholders, interpolate, isTemplate, type Named } from './names.ts';

/** What a file is called below its target's `to`, and what webpack has to know about the name. */
export interface Name {
  path: string;
  info: AssetInfo;
}

/** A target of the engine, and what of it is webpack's. */
export interface WebpackTarget {
  /** Who wins: the public directory nothing, a target everything, and a pattern of `output.copy` must not meet the bundle. */
  kind: 'public' | 'target' | 'pattern';
  target: Target;
  /** Names made with what the compilation knows. */
  naming?: (named: Named, compilation: Compilation) => Promise<Name>;
  /** More about a file than is said anyway. */
  info?: ((name: string, file: ListedFile) => AssetInfo) | undefined;
  /** Whether minimizers get its files; undefined for all but scripts. */
  minimize?: boolean | undefined;
  /** For what comes from `output.copy`: which pattern, and what it was called there. */
  pattern?: { number: number; from: string; ignores(file: string, compilation: Compilation): boolean };
}

/** What the options ask for, `to` and `rename` as templates of webpack included. */
export function webpackTargets(options: ResolvedOptions, root: string): WebpackTarget[] {
  const { publicTargets, targets } = toTargets(options, { root });
  const { publicDirs = [], targets: given } = options;
  return [
    ...publicTargets.map(
      (target, number): WebpackTarget => ({ kind: 'public', target, ...assetOptions(publicDirs[number]!) }),
    ),
    ...targets.map((target, number) => ({ ...withTemplate(target), ...assetOptions(given[number]!) })),
  ];
}

function assetOptions({ info, minimize }: AssetOptions): Pick<WebpackTarget, 'info' | 'minimize'> {
  if (!info) return { minimize };
  return {
    minimize,
    info: (name, { source }) => (typeof info === 'function' ? info({ source, name }) : info),
  };
}

/** Whether its files have the names that the engine gives them, and their own contents. */
export function isPlain({ naming, pattern, target }: WebpackTarget): boolean {
  return !naming && !pattern && !target.transform;
}

/** Whether its files are copied the same whatever else is there. */
export function isIndependent(given: WebpackTarget): boolean {
  return isPlain(given) && (given.target.overwrite ?? true) === true;
}

/** What of it is the engine's. */
export function engineTargets(targets: readonly WebpackTarget[]): OutputTargets {
  const of = (isPublic: boolean) =>
    targets.filter(({ kind }) => (kind === 'public') === isPublic).map(({ target }) => target);
  return { publicTargets: of(true), targets: of(false) };
}

function withTemplate(target: Target): WebpackTarget {
  const { rename, ...unnamed } = target;
  if (typeof rename === 'function') return withTemplates(target, rename);
  if (isTemplate(rename)) {
    const keepsDirectory = !/\[\\*path\\*\]/i.test(rename);
    const { to = '.' } = unnamed;
    return {
      kind: 'target',
      // With a slash, so that it stays a directory.
      target: { ...unnamed, to: `${to}/` },
      async naming(named, compilation) {
        const { path: name, info } = await interpolate(rename, named, compilation);
        return { path: keepsDirectory ? path.posix.join(path.posix.dirname(named.below), name) : name, info };
      },
    };
  }
  const { to, ...rest } = target;
  if (!isTemplate(to) || rename !== undefined) return { kind: 'target', target };
  return {
    kind: 'target',
    target: rest,
    naming: (named, compilation) => interpolate(to, named, compilation),
  };
}

/** A function may return templates as well as names: which of both, each file shows. */
function withTemplates(target: Target, rename: Extract<Target['rename'], object>): WebpackTarget {
  /** By source. The engine, which would take one template for one name, keeps these files' own names. */
  const templates = new Map<string, string>();
  return {
    kind: 'target',
    target: {
      ...target,
      rename(below, source) {
        const name = rename(below, source);
        templates.delete(source);
        if (!hasOtherPlaceholders(name, below)) return name;
        templates.set(source, name);
        return below;
      },
    },
    async naming(named, compilation) {
      const template = templates.get(named.file);
      return template === undefined
        ? { path: named.below, info: {} }
        : interpolate(template, named, compilation);
    },
  };
}
