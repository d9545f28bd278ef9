import path from 'node:path';
import type { Target } from 'fs-reflink';
import type { OutputOptions } from 'rolldown';
import type { NormalizedOutputOptions, PluginContext } from 'rollup';
import type { BundledAssets } from '../../assets/bundled-assets.ts';
import { assetsOfBuild } from '../../assets/load.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { type Entry, isOlder, UPDATE, unsupported } from '../../options/unsupported.ts';
import { briefly } from '../../output/brief-error.ts';
import { BuildCopies, type HostLog } from '../../output/build.ts';
import { addBundle, bundlesOfOthers, removeBundles } from '../../output/bundles.ts';
import { cacheDirectoryOf } from '../../output/cache.ts';
import { type EmptySnapshot, loadEmptying, snapshotOf } from '../../output/empty.ts';
import { exclusive } from '../../output/exclusive.ts';
import { deleteLeftOver } from '../../output/left-over.ts';
import { Preparation } from '../../output/preparation.ts';
import { type ClaimedRecord, claimRecord, type Instance } from '../../output/record-index.ts';
import { keptIn } from '../../targets/nested.ts';
import { type OutputTargets, targetOfFile, toTargets } from '../../targets/targets.ts';
import { watchedPaths } from '../../targets/watched.ts';
import { type AssetModule, loadAsset } from './assets.ts';
import type { BuildFacts } from './per-build.ts';

/** The part of a hook's `this` that is used here. Rollup and Rolldown both have it. */
export type Context = Pick<
  PluginContext,
  'info' | 'warn' | 'addWatchFile' | 'emitFile' | 'getFileName' | 'meta'
>;
export type Bundle = Parameters<BundledAssets['extract']>[1];
export type Output = Pick<NormalizedOutputOptions, 'dir' | 'file'> &
  Partial<Pick<NormalizedOutputOptions, 'format' | 'entryFileNames'>>;

/** Rolldown's default output directory. */
const DEFAULT_DIRECTORY = 'dist';

/** What the builds of one plugin object share. */
export class Shared {
  readonly host: Entry;
  readonly options: ResolvedOptions;
  /** The output directories of the builds. They are not watched, and emptying one of them keeps those inside it. */
  readonly directories = new Set<string>();
  /** For all builds of a watcher, because each build of Rollup has a new {@link RollupBuild}. */
  readonly #watching = new Preparation();

  constructor(host: Entry, options: ResolvedOptions) {
    this.host = host;
    this.options = options;
  }

  build({ watching, position }: BuildFacts): RollupBuild {
    return new RollupBuild(this, watching ? this.#watching : new Preparation(), position);
  }
}

/** One build of Rollup or Rolldown. A watcher of Rolldown has one object for all its builds. */
export class RollupBuild {
  readonly #shared: Shared;
  readonly #options: ResolvedOptions;
  readonly #log: HostLog = {
    info: (message) => this.#context?.info(message),
    warn: (message) => this.#context?.warn(message),
    // Logged as a warning, because something else has failed and ended the build by now.
    error: (message) => this.#context?.warn(message),
  };
  #context: Context | undefined;
  #root = process.cwd();
  #targets: OutputTargets;
  #copies: BuildCopies;
  readonly #preparation: Preparation;
  readonly #position: number;
  #input: unknown;
  #records: ClaimedRecord[] = [];
  /** Rolldown's output directories as the options name them, and whether to empty them. */
  readonly #outputs = new Map<string, boolean>();
  /** By output directory: what it contained when Rolldown would have emptied it. */
  readonly #snapshots = new Map<string, { record: ClaimedRecord; snapshot: EmptySnapshot }>();
  /** The snapshots of the directories that were emptied. */
  #emptied: EmptySnapshot[] = [];
  /** By output directory: resolves when the copy into it has started, after the copies of other builds. */
  #turns = new Map<string, Promise<void>>();
  #assets: BundledAssets | undefined;

  constructor(shared: Shared, preparation: Preparation, position: number) {
    this.#shared = shared;
    this.#preparation = preparation;
    this.#position = position;
    this.#options = shared.options;
    this.#targets = toTargets(this.#options, { root: this.#root });
    this.#copies = this.#newCopies();
  }

  /** Sets the context of the hook that runs. Messages go through that context. */
  in(context: Context): this {
    this.#context = context;
    return this;
  }

  async start(root: string, input: unknown): Promise<void> {
    const { rollupVersion } = this.#context!.meta;
    if (isOlder(rollupVersion, '4.0'))
      throw unsupported(this.#shared.host, `Rollup ${rollupVersion}`, UPDATE);
    this.#input = input;
    if (root !== this.#root) {
      this.#root = root;
      this.#targets = toTargets(this.#options, { root });
      this.#copies = this.#newCopies();
    }
    if (!this.#hasTargets) return;
    // Rolldown calls `buildStart` once for every output. There a build ends when it is closed.
    if (!('rolldownVersion' in this.#context!.meta) && this.#copies.finished)
      await this.end({ keepWorkers: true });
    if ('rolldownVersion' in this.#context!.meta) await loadEmptying();
    this.#assets ??= await assetsOfBuild(
      this.#options,
      this.#root,
      cacheDirectoryOf(this.#options, this.#root),
    );
    // The output directory is not known before the bundle is written.
    this.#copies.prepare(this.#targets);
    if (!this.#watching) return;
    for (const each of watchedPaths(this.#targets, this.#shared.directories))
      this.#context!.addWatchFile(each);
  }

  /** Whether the engine copies imported files. */
  get copiesAssets(): boolean {
    return this.#options.assets !== undefined;
  }

  /** The imported files of this build that the engine copies. Undefined before the build starts. */
  get assets(): BundledAssets | undefined {
    return this.#assets;
  }

  /** Returns the module of an imported file that the engine copies, or undefined if the bundler handles the file. */
  async loadAsset(id: string): Promise<AssetModule | undefined> {
    return this.#assets && loadAsset(id, this.#assets, this.#context!);
  }

  /**
   * Takes over emptying the output directory, because Rolldown would also delete unchanged files. Returns the options
   * for Rolldown, or undefined if they stay the same.
   */
  takeOverCleaning(output: OutputOptions): OutputOptions | undefined {
    const { dir = DEFAULT_DIRECTORY, file, cleanDir = false } = output;
    if (!this.#hasTargets || file !== undefined) return undefined;
    this.#outputs.set(dir, cleanDir);
    return cleanDir ? { ...output, cleanDir: false } : undefined;
  }

  /**
   * Call this when an output is going to be rendered. Rolldown would empty the output now, but only if it is going to
   * be written, which is not known before {@link complete}. So this notes what exists now, and the copy deletes it
   * later.
   */
  snapshotBeforeEmptying(output: Output): void {
    const directory = this.#directoryOf(output);
    if (!this.#hasTargets || !this.#isCleaned(directory)) return;
    if (this.#snapshots.has(directory) || this.#turns.has(directory)) return;
    const record = this.#claim(directory, output);
    const snapshot = snapshotOf({
      directory,
      cacheDirectory: record.cacheDirectory,
      keep: this.#keptIn(directory),
    });
    this.#snapshots.set(directory, { record, snapshot });
  }

  /** Call this when the bundle of an output is complete. Starts the copy if the bundle is going to be written. */
  async complete(output: Output, bundle: Bundle, isWrite: boolean): Promise<void> {
    const directory = this.#directoryOf(output);
    const extracted = this.#assets?.extract(this.#context!, bundle, directory, isWrite);
    if (!isWrite) return;
    const assets = extracted?.map(({ file, name }) =>
      targetOfFile({ source: file, destination: path.join(directory, name) }),
    );
    await this.#begin(output, Object.keys(bundle), assets);
  }

  /** Starts the copy into an output. The bundler is going to write `names`, and the engine copies `assets`. */
  async #begin(output: Output, names: string[], assets: Target<string>[] | undefined): Promise<void> {
    if (!this.#hasTargets) return;
    const directory = this.#directoryOf(output);
    this.#shared.directories.add(directory);
    addBundle(directory, this, names);
    const begun = this.#turns.get(directory);
    if (!begun) this.#turns.set(directory, this.#beginInTurn(directory, output, assets));
    await this.#turns.get(directory);
    if (begun) this.#copy(directory, output, assets);
    await briefly(this.#copies.deleteCollisions(names, directory));
  }

  async finish(output: Output): Promise<void> {
    const directory = this.#directoryOf(output);
    if (this.#hasTargets) {
      await briefly(exclusive(directory, () => this.#copies.finish(directory)));
      if (this.#assets) await briefly(this.#assets.verify(directory));
    } else {
      await briefly(this.#deleteLeftOver(directory, output));
    }
  }

  /** Call this when the build ends or fails. A watcher keeps its worker threads for the next build. */
  async end({ keepWorkers }: { keepWorkers: boolean } = { keepWorkers: this.#watching }): Promise<void> {
    this.#turns = new Map();
    removeBundles(this);
    this.#assets = undefined;
    await this.#copies.end({ keepWorkers });
    for (const record of this.#records.splice(0)) record.release();
    this.#snapshots.clear();
    // Not earlier, because a plugin may have found the directories and may write into them late.
    for (const snapshot of this.#emptied.splice(0)) snapshot.deleteEmptyDirectories();
  }

  #beginInTurn(directory: string, output: Output, assets: Target<string>[] | undefined): Promise<void> {
    const turns = this.#turns;
    return new Promise((resolve, reject) => {
      exclusive(directory, async () => {
        // If the maps differ, the build has ended in the meantime.
        if (turns === this.#turns) this.#copy(directory, output, assets);
        resolve();
        // The hook that waits for the copy rejects with its error.
        await this.#copies.waitForCopies(directory).catch(() => {});
      }).catch(reject);
    });
  }

  #copy(directory: string, output: Output, assets: Target<string>[] | undefined): void {
    const before = this.#snapshots.get(directory);
    const record = before?.record ?? this.#claim(directory, output);
    const empty = this.#isCleaned(directory);
    if (empty && before) this.#emptied.push(before.snapshot);
    this.#copies.begin({
      directory,
      ...this.#targets,
      assets,
      cacheDirectory: record.cacheDirectory,
      orphaned: record.orphaned,
      empty,
      snapshot: before?.snapshot,
      keep: this.#keptIn(directory),
      written: bundlesOfOthers(directory, this),
    });
  }

  #claim(directory: string, output: Output): ClaimedRecord {
    const instance = { ...this.#instance(output), targets: this.#targets };
    const options = this.#options;
    const record = claimRecord(instance, cacheDirectoryOf(options, this.#root), directory, options);
    this.#records.push(record);
    return record;
  }

  async #deleteLeftOver(directory: string, output: Output): Promise<void> {
    const root = this.#root;
    const cacheDirectory = cacheDirectoryOf(this.#options, root);
    const instance = this.#instance(output);
    await deleteLeftOver({ instance, cacheDirectory, directory, root }, this.#options, this.#log);
  }

  #instance({ format, file, entryFileNames }: Output): Omit<Instance, 'targets'> {
    const position = this.#position;
    const configuration = { position, input: this.#input, format, file, entryFileNames };
    return { host: this.#shared.host, configuration };
  }

  /** The outputs inside an output directory, relative to it. */
  #keptIn(directory: string): string[] {
    return keptIn(directory, [...this.#shared.directories, ...this.#resolved(this.#outputs.keys())]);
  }

  get #watching(): boolean {
    return this.#context?.meta.watchMode ?? false;
  }

  /** Whether the options name anything to copy. */
  get #hasTargets(): boolean {
    if (this.#options.assets) return true;
    return this.#targets.publicTargets.length + this.#targets.targets.length > 0;
  }

  #directoryOf({ dir, file }: Output): string {
    if (dir !== undefined || file === undefined) return path.resolve(this.#root, dir ?? DEFAULT_DIRECTORY);
    return path.dirname(path.resolve(this.#root, file));
  }

  #isCleaned(directory: string): boolean {
    const cleaned = [...this.#outputs].filter(([, cleans]) => cleans).map(([dir]) => dir);
    return this.#resolved(cleaned).includes(directory);
  }

  #resolved(directories: Iterable<string>): string[] {
    return [...directories].map((dir) => path.resolve(this.#root, dir));
  }

  #newCopies(): BuildCopies {
    return new BuildCopies(this.#options, this.#log, this.#root, this.#preparation);
  }
}
