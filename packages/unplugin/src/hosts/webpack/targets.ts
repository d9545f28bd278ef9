import type { Target } from 'fs-reflink';
import type { FileList, ListedFile } from 'fs-reflink/list';
import type { AssetInfo, Compilation, sources } from 'webpack';
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
  /** Names made with what the compilation knows, in place of `rename`. */
  naming?: (named: Named, compilation: Compilation) => Promise<{ path: string; info: AssetInfo }>;
  /** What is added to the information about a file's asset. */
  info?: ((name: string, file: ListedFile) => AssetInfo) | undefined;
  /** Whether minimizers get its files; undefined for all but scripts. */
  minimize?: boolean | undefined;
  /** For what comes from `output.copy`: which pattern, and what it was called there. */
  pattern?: { number: number; from: string };
  /** In one compilation: its files by absolute path, if names or contents are not the engine's. */
  named?: ReadonlyMap<string, NamedFile>;
}

/** A file that is going to be copied, as an asset; or a link, which webpack knows nothing of. */
export interface FileAsset {
  /** Path below the output, with forward slashes. */
  name: string;
  file: ListedFile;
  source: sources.Source;
  /** What webpack has to know about its name. */
  info?: AssetInfo | undefined;
  given: WebpackTarget;
}

/** `name` is below the target's `to`; undefined: the engine's. */
export type NamedFile = Pick<FileAsset, 'source' | 'info'> & { name: string | undefined };

/** The files of one compilation. */
export interface Listing {
  /** One for each name in the output. What is copied elsewhere is no asset. */
  assets: FileAsset[];
  /** Directories that files were looked for in, and what they become: absolute paths. */
  folders: FileList['folders'];
  /** What to hand to the engine. */
  targets: OutputTargets;
  warnings: string[];
  /** Warnings of the engine's that webpack's own patterns do not give. */
  silent: string[];
}

/** The compilation that files are assets of, the absolute path of its output, and where their contents come from. */
export interface ListingContext {
  compilation: Compilation;
  directory: string;
  watch: { sourceOf(file: string): sources.Source };
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
