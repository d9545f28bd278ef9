import fs from 'node:fs';
import path from 'node:path';
import type { ResolvedConfig } from 'vite';

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

/** What Vite would do to the output directories of one environment, and we do instead. */
export interface Takeover {
  publicDir: string;
  outDirs: string[];
  /** Emptying them is ours too. */
  empties: boolean;
}

/**
 * What to take over from Vite for an environment, or undefined when there is nothing: no public directory,
 * switched off by the user or a framework, nothing written, or directories within each other, which Vite
 * warns about and handles in its own way.
 */
export function takeoverOf({ build, publicDir, root }: OutputConfig): Takeover | undefined {
  const { copyPublicDir, emptyOutDir } = given.get(build) ?? build;
  if (!build.write || !copyPublicDir || !publicDir || !isDirectory(publicDir)) return undefined;
  const outDirs = resolveOutDirs(root, build);
  if (outDirs.some((outDir) => isInside(outDir, publicDir) || isInside(publicDir, outDir))) return undefined;
  // Left undecided, Vite empties only what lies in the project, and says so otherwise.
  const empties = emptyOutDir ?? outDirs.every((outDir) => isInside(root, outDir) && outDir !== root);
  return { publicDir: path.resolve(publicDir), outDirs, empties };
}

/** One directory per output that names its own, and the environment's for the others, as Vite counts them. */
function resolveOutDirs(root: string, build: BuildOptions): string[] {
  const options = ('rolldownOptions' in build && build.rolldownOptions) || build.rollupOptions;
  const outputs = options.output;
  const outDir = path.resolve(root, build.outDir);
  if (!outputs) return [outDir];
  const list = Array.isArray(outputs) ? outputs : [outputs];
  return [...new Set(list.map(({ dir }) => (dir ? path.resolve(root, dir) : outDir)))];
}

/** Whether `inner` is `outer` or lies in it. */
function isInside(outer: string, inner: string): boolean {
  const relative = path.relative(outer, inner);
  const leaves = relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
  return !leaves;
}

function isDirectory(name: string): boolean {
  return fs.statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** What emptying an output directory leaves alone: the other ones in it, and the repository of a deployment. */
export function keptIn(outDir: string, outDirs: string[]): string[] {
  const nested = outDirs.filter((other) => other !== outDir && isInside(outDir, other));
  return [...nested.map((other) => path.relative(outDir, other)), '.git'];
}

/** Vite's options for a while as if the user had switched them off. */
export class HiddenOptions {
  readonly #build: BuildOptions;
  readonly #saved: Switches;
  #consulted: boolean;

  constructor(build: BuildOptions, { empties }: Takeover) {
    this.#build = build;
    this.#saved = { copyPublicDir: build.copyPublicDir, emptyOutDir: build.emptyOutDir };
    this.#consulted = given.has(build);
    build.copyPublicDir = false;
    if (!empties || this.#consulted) return;
    const get = () => {
      this.#consulted = true;
      return false;
    };
    Object.defineProperty(build, 'emptyOutDir', { get, enumerable: true, configurable: true });
  }

  /**
   * Whether Vite would have emptied the output. When an environment is built again, Vite 8 leaves what the
   * build before has written.
   */
  get consulted(): boolean {
    return this.#consulted;
  }

  restore(): void {
    const { copyPublicDir, emptyOutDir } = this.#saved;
    this.#build.copyPublicDir = copyPublicDir;
    const plain = { value: emptyOutDir, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(this.#build, 'emptyOutDir', plain);
  }
}

/**
 * Before 7.1 Vite decides about emptying when a build begins, and in watch mode prepares the output before
 * any hook runs: there the options are switched off for good, once everybody has seen the config.
 */
export function switchOffEarly(config: OutputConfig): void {
  const { build } = config;
  const takeover = takeoverOf(config);
  if (!takeover) return;
  given.set(build, { copyPublicDir: build.copyPublicDir, emptyOutDir: build.emptyOutDir });
  if (takeover.empties) build.emptyOutDir = false;
  if (build.watch) build.copyPublicDir = false;
}

/** From 7.1 on Vite prepares the output in a plugin's hook; before, between the build and the first output. */
export function preparesInPlugin(config: ResolvedConfig): boolean {
  return config.plugins.some(({ name }) => name === 'vite:prepare-out-dir');
}
