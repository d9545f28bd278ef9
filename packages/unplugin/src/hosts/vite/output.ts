import fs from 'node:fs';
import path from 'node:path';
import type { Target } from 'fs-reflink';
import { isInside } from 'fs-reflink/host';
import type { ResolvedConfig, UserConfig } from 'vite';
import type { ResolvedOptions } from '../../options/options.ts';
import { checkAnswer } from '../../options/resolve-options.ts';
import type { ServedOutput } from '../../serve/files.ts';
import { statsOf } from '../../targets/stats.ts';
import { allTargets, hasTargets, type OutputTargets, toTargets } from '../../targets/targets.ts';
import { watchedPaths } from '../../targets/watched.ts';
import { areInProject, outDirsOf } from './out-dirs.ts';
import { publicDirectoryOf } from './small.ts';

type BuildOptions = ResolvedConfig['build'];
type Switches = Pick<BuildOptions, 'copyPublicDir' | 'emptyOutDir'>;

/** The part of an environment's config that determines its output. */
export interface OutputConfig {
  root: string;
  publicDir: string;
  build: BuildOptions;
}

/** The user's values of the options that {@link switchOffEarly} has switched off. */
const given = new WeakMap<BuildOptions, Switches>();

export function givenSwitches(build: BuildOptions): Switches {
  return given.get(build) ?? build;
}

/** The options for one environment. If the option `vite.environments` is not set, only `client` gets the targets. */
export function optionsFor(environment: string, options: ResolvedOptions): ResolvedOptions | undefined {
  const { environments } = options;
  if (!environments) return environment === 'client' ? options : { ...options, targets: [] };
  const isChosen =
    typeof environments === 'function'
      ? checkAnswer(environments(environment), 'vite', 'vite.environments')
      : environments.includes(environment);
  return isChosen ? options : undefined;
}

/** The targets that may be copied, judged by a config that Vite has not resolved yet. */
export function mayCopy(
  config: UserConfig,
  options: Pick<ResolvedOptions, 'publicDirs' | 'targets'>,
): Target<string>[] {
  const { root = process.cwd(), build = {} } = config;
  if (build.write === false) return [];
  const own = build.copyPublicDir === false ? undefined : publicDirectoryOf(config);
  const publicDir = own !== undefined && fs.existsSync(own) ? own : undefined;
  return allTargets(toTargets(options, { root, publicDir }));
}

/** An output that a development server serves as if it were built. */
export interface Served extends ServedOutput {
  /** The paths to watch for added and deleted files. `outside` are those of them that are outside the project. */
  watched: { paths: string[]; outside: string[] };
}

/** Returns what to serve in development, or undefined if that is nothing. Vite serves its own public directory. */
export function servedOf(
  { root, build }: Pick<OutputConfig, 'root' | 'build'>,
  options: ResolvedOptions,
): Served | undefined {
  const targets = toTargets({ ...options, publicDirs: options.publicDirs ?? [] }, { root });
  if (!hasTargets(targets)) return undefined;
  const outDir = path.resolve(root, build.outDir);
  const paths = watchedPaths(targets, new Set([outDir]));
  return {
    root,
    outDir,
    targets,
    watched: { paths, outside: paths.filter((each) => !isInside(root, each)) },
  };
}

/** The work on the output directories of one environment that the plugin does instead of Vite. */
export interface Takeover {
  targets: OutputTargets;
  outDirs: string[];
  /** Whether the plugin copies the public directory, so that Vite must not copy it. */
  copies: boolean;
  /** Whether the plugin empties the output directories, so that Vite must not empty them. */
  empties: boolean;
}

/**
 * Returns what to take over from Vite for an environment, or undefined if there is nothing to copy. Vite copies its
 * own public directory if the options say so, or if that directory and the output are nested: Vite warns about that
 * and handles it in its own way. If the user or a framework has switched `copyPublicDir` off, no public directory is
 * copied.
 */
export function takeoverOf(
  { build, publicDir, root }: OutputConfig,
  options: Pick<ResolvedOptions, 'publicDirs' | 'targets' | 'assets'>,
): Takeover | undefined {
  const { copyPublicDir, emptyOutDir } = givenSwitches(build);
  if (!build.write) return undefined;
  const outDirs = outDirsOf(root, build);
  const own = copyPublicDir && publicDir && isDirectory(publicDir) ? path.resolve(publicDir) : undefined;
  const isNested = outDirs.some((outDir) => own && (isInside(outDir, own) || isInside(own, outDir)));
  const copies = copyPublicDir && (options.publicDirs?.length ?? (own && !isNested ? 1 : 0)) > 0;
  const publicDirs = copies ? options.publicDirs : [];
  const targets = toTargets({ ...options, publicDirs }, { root, publicDir: own });
  // In a build for a server Vite writes no assets, unless `emitAssets` is set.
  const hasAssets = options.assets !== undefined && build.emitAssets;
  if (!hasTargets(targets) && !hasAssets) return undefined;
  // If the option is not set, Vite empties only outputs inside the project, and warns about others.
  const empties = emptyOutDir ?? areInProject(root, outDirs);
  // If Vite copies its public directory itself, these files exist before our copy starts and must not be deleted.
  return { targets, outDirs, copies, empties: empties && (copies || !own) };
}

function isDirectory(name: string): boolean {
  return statsOf(name)?.isDirectory() ?? false;
}

/**
 * Makes Vite read options as switched off. Returns a function that restores them, with the values assigned in the
 * meantime. Calls `empty` when Vite would have emptied the output, so that what is written there afterwards stays. If
 * an environment is built again, Vite 8 does not empty the output, so `empty` is not called.
 */
export function hideOptions(
  build: BuildOptions,
  { empties, copies }: Takeover,
  empty: () => void,
): () => void {
  const values: Partial<Switches> = {};
  const hide = (name: keyof Switches, onRead: () => void) => {
    Object.assign(values, { [name]: build[name] });
    Object.defineProperty(build, name, {
      get() {
        onRead();
        return false;
      },
      set: (value: unknown) => void Object.assign(values, { [name]: value }),
      enumerable: true,
      configurable: true,
    });
  };
  const isSwitchedOff = given.has(build);
  if (empties && isSwitchedOff) empty();
  if (copies) hide('copyPublicDir', () => {});
  if (empties && !isSwitchedOff) {
    let consulted = false;
    hide('emptyOutDir', () => {
      const isFirst = !consulted;
      consulted = true;
      // Another plugin may have switched the option off after ours did.
      if (isFirst && values.emptyOutDir !== false) empty();
    });
  }
  return () => {
    for (const [name, value] of Object.entries(values))
      Object.defineProperty(build, name, { value, writable: true });
  };
}

/**
 * Switches the options off for the whole build, after all plugins have seen the config. Needed before Vite 7.1, which
 * decides whether to empty when a build starts, and in watch mode prepares the output before any hook runs.
 */
export function switchOffEarly(
  config: OutputConfig,
  options: Pick<ResolvedOptions, 'publicDirs' | 'targets' | 'assets'>,
): void {
  const { build } = config;
  const takeover = takeoverOf(config, options);
  if (!takeover) return;
  given.set(build, { copyPublicDir: build.copyPublicDir, emptyOutDir: build.emptyOutDir });
  if (takeover.empties) build.emptyOutDir = false;
  if (build.watch && takeover.copies) build.copyPublicDir = false;
}

/** Whether a plugin of Vite prepares the output. Before 7.1 Vite did that between the build and the first output. */
export function preparesInPlugin(config: ResolvedConfig): boolean {
  return config.plugins.some(({ name }) => name === 'vite:prepare-out-dir');
}
