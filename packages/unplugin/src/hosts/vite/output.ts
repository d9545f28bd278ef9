import fs from 'node:fs';
import path from 'node:path';
import type { Target } from 'fs-reflink';
import { isInside } from 'fs-reflink/host';
import type { ResolvedConfig, UserConfig } from 'vite';
import type { ResolvedOptions } from '../../options/options.ts';
import type { ServedOutput } from '../../serve/files.ts';
import { statsOf } from '../../targets/stats.ts';
import { type OutputTargets, resolveFrom, toTargets } from '../../targets/targets.ts';
import { watchedPaths } from '../../targets/watched.ts';

type BuildOptions = ResolvedConfig['build'];
type Switches = Pick<BuildOptions, 'copyPublicDir' | 'emptyOutDir'>;

/** What of an environment's config decides about its output. */
export interface OutputConfig {
  root: string;
  publicDir: string;
  build: BuildOptions;
}

/** Options as the user gave them, where they had to be switched off before the build. */
const given = new WeakMap<BuildOptions, Switches>();

export function givenSwitches(build: BuildOptions): Switches {
  return given.get(build) ?? build;
}

/** The options for one environment: unless it is named, browsers alone ask for targets. */
export function optionsFor(environment: string, options: ResolvedOptions): ResolvedOptions | undefined {
  const { environments } = options;
  if (environments) return environments(environment) ? options : undefined;
  return environment === 'client' ? options : { ...options, targets: [] };
}

/** What may be copied, as far as options tell that are not resolved yet. */
export function mayCopy(
  { root = process.cwd(), publicDir = 'public', build = {} }: UserConfig,
  { publicDirs, targets }: Pick<ResolvedOptions, 'publicDirs' | 'targets'>,
): Target<string>[] {
  if (build.write === false) return [];
  const isVites = !publicDirs && publicDir !== false && publicDir !== '' && build.copyPublicDir !== false;
  // Whatever else is no string Vite takes for the default.
  const own = path.resolve(root, typeof publicDir === 'string' ? publicDir : 'public');
  return [
    ...targets.map((target) => ({ ...target, from: resolveFrom(target.from, root) })),
    ...(publicDirs ?? []).map(({ dir }) => ({ from: path.resolve(root, dir) })),
    ...(isVites && fs.existsSync(own) ? [{ from: own }] : []),
  ];
}

/** What a development server answers with, were it built. */
export interface Served extends ServedOutput {
  /** What to look at for files that come and go, as far as it lies outside the project, too. */
  watched: { paths: string[]; outside: string[] };
}

/** What to serve while developing, or undefined when that is nothing. Its own public directory is Vite's. */
export function servedOf(
  { root, build }: Pick<OutputConfig, 'root' | 'build'>,
  options: ResolvedOptions,
): Served | undefined {
  const targets = toTargets({ ...options, publicDirs: options.publicDirs ?? [] }, { root });
  if (targets.publicTargets.length + targets.targets.length === 0) return undefined;
  const outDir = path.resolve(root, build.outDir);
  const paths = watchedPaths(targets, new Set([outDir]));
  return {
    root,
    outDir,
    targets,
    watched: { paths, outside: paths.filter((each) => !isInside(root, each)) },
  };
}

/** What Vite would do to the output directories of one environment, and we do instead. */
export interface Takeover {
  targets: OutputTargets;
  outDirs: string[];
  /** The public directory is ours, so that Vite must not copy it. */
  copies: boolean;
  /** Emptying them is ours too. */
  empties: boolean;
}

/**
 * What to take over from Vite for an environment, or undefined when nothing is to be copied. Its public directory
 * stays Vite's where the options say so, and where it and the output lie within each other, which Vite warns
 * about and handles in its own way; nobody copies one where that is switched off by the user or a framework.
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
  // Of a build for a server Vite writes none, unless it is told to.
  const hasAssets = options.assets !== undefined && build.emitAssets;
  if (targets.publicTargets.length + targets.targets.length === 0 && !hasAssets) return undefined;
  // Left undecided, Vite empties only what lies in the project, and says so otherwise.
  const empties = emptyOutDir ?? outDirs.every((outDir) => isInside(root, outDir) && outDir !== root);
  // What Vite copies itself is there before we begin, and must not be deleted.
  return { targets, outDirs, copies, empties: empties && (copies || !own) };
}

/** One directory per output that names its own, and the environment's for the others, as Vite counts them. */
export function outDirsOf(root: string, build: BuildOptions): string[] {
  const options = ('rolldownOptions' in build && build.rolldownOptions) || build.rollupOptions;
  const outputs = options.output;
  const outDir = path.resolve(root, build.outDir);
  if (!outputs) return [outDir];
  const list = Array.isArray(outputs) ? outputs : [outputs];
  return [...new Set(list.map(({ dir }) => (dir ? path.resolve(root, dir) : outDir)))];
}

function isDirectory(name: string): boolean {
  return statsOf(name)?.isDirectory() ?? false;
}

/** Vite's options for a while as if the user had switched them off. What is assigned to them meanwhile stays. */
export class HiddenOptions {
  readonly #build: BuildOptions;
  readonly #values: Partial<Switches> = {};

  /**
   * Calls `empty` when Vite would have emptied the output, so that what is written there afterwards stays. When an
   * environment is built again, Vite 8 leaves what the build before has written.
   */
  constructor(build: BuildOptions, { empties, copies }: Takeover, empty: () => void) {
    this.#build = build;
    const isSwitchedOff = given.has(build);
    if (empties && isSwitchedOff) empty();
    if (copies) this.#hide('copyPublicDir', () => {});
    if (!empties || isSwitchedOff) return;
    let consulted = false;
    this.#hide('emptyOutDir', () => {
      if (consulted) return;
      consulted = true;
      // Another plugin may have switched it off after ours.
      if (this.#values.emptyOutDir !== false) empty();
    });
  }

  #hide<Name extends keyof Switches>(name: Name, onRead: () => void): void {
    const values = this.#values as Pick<Switches, Name>;
    values[name] = this.#build[name];
    Object.defineProperty(this.#build, name, {
      get() {
        onRead();
        return false;
      },
      set(value: Switches[Name]) {
        values[name] = value;
      },
      enumerable: true,
      configurable: true,
    });
  }

  restore(): void {
    for (const [name, value] of Object.entries(this.#values))
      Object.defineProperty(this.#build, name, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
  }
}

/**
 * Before 7.1 Vite decides about emptying when a build begins, and in watch mode prepares the output before
 * any hook runs: there the options are switched off for good, once everybody has seen the config.
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

/** From 7.1 on Vite prepares the output in a plugin's hook; before, between the build and the first output. */
export function preparesInPlugin(config: ResolvedConfig): boolean {
  return config.plugins.some(({ name }) => name === 'vite:prepare-out-dir');
}
