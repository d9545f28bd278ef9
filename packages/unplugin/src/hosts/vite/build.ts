import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Target } from 'fs-reflink';
import { isInside } from 'fs-reflink/host';
import type { Environment, ResolvedConfig } from 'vite';
import type { Bundle, BundleContext, BundledAssets } from '../../assets/bundled-assets.ts';
import { assetsOfBuild } from '../../assets/load.ts';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { BuildCopies } from '../../output/build.ts';
import { keptIn, loadEmptying } from '../../output/empty.ts';
import { allTargets, assetTargets, escapeGlob, relativeName } from '../../targets/targets.ts';
import { watchedPaths } from '../../targets/watched.ts';
import { outDirOfEach, outDirsOf } from './out-dirs.ts';
import { hideOptions, optionsFor, preparesInPlugin, type Takeover, takeoverOf } from './output.ts';
import { rememberCopied } from './uncopied.ts';

/**
 * The build of one environment, from its start to its end. Vite's own `renderStart` hook empties the output directory
 * and copies the public directory into it. Between {@link hide} and {@link begin} that hook finds `emptyOutDir` and
 * `copyPublicDir` switched off.
 */
export class EnvironmentBuild {
  readonly #environment: Environment;
  readonly #options: ResolvedOptions | undefined;
  /** The instance's own options, also if it copies nothing here: assets need the same names in all environments. */
  readonly #own: ResolvedOptions;
  readonly #copies: BuildCopies;
  #takeover: Takeover | undefined;
  /** Restores Vite's options. Undefined if they are not hidden. */
  #restoreOptions: (() => void) | undefined;
  /** Whether Vite has prepared the output directories. */
  #isPrepared = false;
  #assets: BundledAssets | undefined;

  /** `options` are the instance's own. `chosen` says what to copy in this environment. Undefined: nothing. */
  constructor(environment: Environment, options: ResolvedOptions, chosen: ResolvedOptions | undefined) {
    this.#environment = environment;
    this.#options = chosen;
    this.#own = options;
    const { logger, config } = environment;
    const log = {
      info: (message: string) => logger.info(message),
      warn: (message: string) => logger.warnOnce(`${NAME}: ${message}`),
      error: (message: string) => logger.error(`${NAME}: ${message}`),
    };
    const { root, cacheDir } = config;
    this.#copies = new BuildCopies({ host: 'vite', options, log, root, cacheOfHost: cacheDir });
  }

  /** Call this when the build starts. `busy`: see {@link BuildCopies.prepare}. `watch` gets each path to watch. */
  async prepare(busy: boolean, watch?: (path: string) => void): Promise<void> {
    const { root } = this.#environment.config;
    this.#assets = await assetsOfBuild(this.#own, root, this.#copies.cacheDirectory);
    const takeover = this.#takeoverNow();
    if (!takeover) return;
    const { targets, outDirs } = takeover;
    this.#copies.prepare(targets, { busy });
    if (watch) for (const each of watchedPaths(targets, new Set(outDirs))) watch(each);
    if (takeover.empties && outDirs.some((each) => existsSync(each))) await loadEmptying();
  }

  /** Stops Vite from preparing the output directories. Works once per build, however many outputs the build has. */
  hide(takeover: Takeover | undefined = this.#takeoverNow()): void {
    if (this.#isPrepared || this.#restoreOptions || !takeover) return;
    this.#takeover = takeover;
    const empty = () => {
      for (const directory of takeover.outDirs) this.#copies.empty(this.#settingsOf(directory, takeover));
    };
    this.#restoreOptions = hideOptions(this.#environment.config.build, takeover, empty);
  }

  /** Restores Vite's options and starts the copies; if imported files are copied too, {@link complete} does. */
  begin(): void {
    this.restore();
    const takeover = this.#takeover;
    if (this.#isPrepared || !takeover) return;
    this.#isPrepared = true;
    if (this.#assets) return;
    for (const directory of takeover.outDirs) this.#beginInto(directory, takeover);
  }

  /** Call this when the bundle of an output is complete and all other plugins have seen it. */
  async complete(
    context: BundleContext,
    dir: string | undefined,
    bundle: Bundle,
    isWrite: boolean,
  ): Promise<void> {
    if (this.#assets) await this.#extract(this.#assets, context, dir, bundle, isWrite);
    await this.#copies.deleteCollisions(Object.keys(bundle), this.#resolve(dir));
  }

  async #extract(
    all: BundledAssets,
    context: BundleContext,
    dir: string | undefined,
    bundle: Bundle,
    isWrite: boolean,
  ): Promise<void> {
    const { root, build } = this.#environment.config;
    const directory = path.resolve(root, dir ?? build.outDir);
    const takeover = this.#takeover;
    const isCopied = isWrite && takeover !== undefined && build.emitAssets;
    const extracted = all.extract(context, bundle, directory, isCopied);
    if (isCopied) extracted.push(...(await all.extractRead(bundle, directory, root)));
    if (!isWrite || !takeover) return;
    const assets = assetTargets(extracted, directory);
    // A plugin may have given the output a directory that Vite's config does not have.
    if (takeover.outDirs.includes(directory)) this.#beginInto(directory, takeover, assets);
    else
      for (const each of takeover.outDirs)
        this.#beginInto(each, takeover, each === takeover.outDirs[0] ? assets : []);
  }

  #beginInto(directory: string, takeover: Takeover, assets?: Target<string>[]): void {
    const settings = this.#settingsOf(directory, takeover);
    // Vite prepares its outputs one after the other. When it empties an output that is inside an earlier one, it also
    // deletes the public files of the earlier output there. So these files are not copied here either.
    const emptiedLater = takeover.outDirs
      .slice(takeover.outDirs.indexOf(directory) + 1)
      .filter((each) => this.#copies.hasEmptied(each));
    // Other builds may have copied into an output that is not emptied, so each instance has its own record there.
    if (!takeover.empties) this.#copies.claim(directory, this.#configuration, takeover.targets);
    const { root, build } = this.#environment.config;
    this.#copies.begin({
      ...settings,
      publicTargets: settings.publicTargets.map((each) => without(each, directory, emptiedLater)),
      assets,
      bundles: outDirOfEach(root, build).filter((each) => each === directory).length,
    });
  }

  /** The imported files that the engine copies. Undefined before the build starts and without the option `assets`. */
  get assets(): BundledAssets | undefined {
    return this.#assets;
  }

  #settingsOf(directory: string, takeover: Takeover) {
    const { targets, outDirs } = takeover;
    const { root, environments } = this.#environment.getTopLevelConfig();
    // This environment must not delete what other environments have written or write at the same time.
    const others = Object.values(environments).flatMap(({ build }) => outDirsOf(root, build));
    return {
      directory,
      ...targets,
      keep: keptIn(directory, new Set([...outDirs, ...others])),
    };
  }

  /** Distinguishes this build from other builds of Vite. */
  get #configuration() {
    const { name, config } = this.#environment;
    const { lib, rollupOptions } = config.build;
    const { mode, configFile } = config;
    return { name, mode, configFile, lib, input: rollupOptions.input };
  }

  restore(): void {
    this.#restoreOptions?.();
    this.#restoreOptions = undefined;
  }

  /** Resolves when all files are copied, except those that are copied after the bundle is written. */
  async waitForCopies(): Promise<void> {
    await this.#copies.waitForCopies();
  }

  /** Call this when the bundle of an output is written. Resolves when all files are copied. */
  async finish(dir: string | undefined): Promise<void> {
    const { root, build } = this.#environment.config;
    const directory = path.resolve(root, dir ?? build.outDir);
    if (!this.#copies.begun && this.#options) {
      await this.#copies.deleteLeftOver(directory, this.#configuration);
      return;
    }
    await this.#copies.finish(this.#resolve(dir));
    await this.#assets?.verify(directory);
    const own = optionsFor(this.#environment.name, this.#own);
    if (own) rememberCopied({ root }, own);
  }

  /** Whether a plugin of Vite empties the output in `renderStart`. Before 7.1 Vite did that between two hooks. */
  get emptiesInPlugin(): boolean {
    return preparesInPlugin(this.#environment.getTopLevelConfig());
  }

  /** Call this when the build ends or fails. Ends its copies; a watcher keeps worker threads for the next build. */
  async end({ keepWorkers = this.#isWatched }: { keepWorkers?: boolean } = {}): Promise<void> {
    this.restore();
    this.#takeover = undefined;
    this.#isPrepared = false;
    this.#assets = undefined;
    await this.#copies.end({ keepWorkers });
    this.#copies.release();
  }

  get #isWatched(): boolean {
    return Boolean(this.#environment.getTopLevelConfig().build.watch);
  }

  /** Returns undefined (all outputs) if a plugin gave the output a directory that Vite's config does not have. */
  #resolve(dir: string | undefined): string | undefined {
    const directory = dir === undefined ? undefined : path.resolve(this.#environment.config.root, dir);
    return directory !== undefined && this.#copies.copiesInto(directory) ? directory : undefined;
  }

  #takeoverNow(): Takeover | undefined {
    return this.#options && takeoverOf(this.#environment.config, this.#options);
  }
}

/** The targets that the builds of all environments will copy. */
export function copiedBy(config: ResolvedConfig, options: ResolvedOptions): Target<string>[] {
  return Object.entries(config.environments).flatMap(([name, { build }]) => {
    const chosen = optionsFor(name, options);
    const takeover = chosen && takeoverOf({ ...config, build }, chosen);
    return takeover ? allTargets(takeover.targets) : [];
  });
}

/** The target of a public directory, without the files that would go into one of `outDirs` inside its output. */
function without(target: Target<string>, directory: string, outDirs: readonly string[]): Target<string> {
  const to = path.resolve(directory, target.to ?? '.');
  const inside = outDirs.filter((each) => each !== to && isInside(to, each));
  if (inside.length === 0) return target;
  const ignored = inside.map((each) => `${escapeGlob(relativeName(to, each))}/**`);
  return { ...target, ignore: [target.ignore ?? [], ignored].flat() };
}
