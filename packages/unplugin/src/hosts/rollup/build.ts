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

/** What is used of a hook's `this`; Rollup and Rolldown have it both. */
export type Context = Pick<
  PluginContext,
  'info' | 'warn' | 'addWatchFile' | 'emitFile' | 'getFileName' | 'meta'
>;
export type Bundle = Parameters<BundledAssets['extract']>[1];
export type Output = Pick<NormalizedOutputOptions, 'dir' | 'file'> &
  Partial<Pick<NormalizedOutputOptions, 'format' | 'entryFileNames'>>;

/** Where Rolldown writes to by default. */
const DEFAULT_DIRECTORY = 'dist';

/** What the builds of one plugin object have in common. */
export class Shared {
  readonly host: Entry;
  readonly options: ResolvedOptions;
  /** Where outputs of builds are: nothing there is watched, and emptying one spares those inside it. */
  readonly directories = new Set<string>();
  /** Those of watchers: each build of Rollup's has a new object. */
  readonly #watching = new Preparation();

  constructor(host: Entry, options: ResolvedOptions) {
    this.host = host;
    this.options = options;
  }

  build({ watching, position }: BuildFacts): RollupBuild {
    return new RollupBuild(this, watching ? this.#watching : new Preparation(), position);
  }
}

/** One build: all that Rollup and Rolldown share. Watching, Rolldown has one for all its builds. */
export class RollupBuild {
  readonly #shared: Shared;
  readonly #options: ResolvedOptions;
  readonly #log: HostLog = {
    info: (message) => this.#context?.info(message),
    warn: (message) => this.#context?.warn(message),
    // What else failed has ended the build by now.
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
  /** Rolldown's outputs as the options name them, before any is written: whether they are to be emptied. */
  readonly #outputs = new Map<string, boolean>();
  /** By output directory: what was there when Rolldown would have emptied it. */
  readonly #snapshots = new Map<string, { record: ClaimedRecord; snapshot: EmptySnapshot }>();
  /** Those that were emptied. */
  #emptied: EmptySnapshot[] = [];
  /** By output directory: resolves when the copy there has begun, after those of other builds. */
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

  /** Messages go through the hook that runs. */
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
    // Rolldown starts once for every output; there a build ends when it is closed.
    if (!('rolldownVersion' in this.#context!.meta) && this.#copies.finished)
      await this.end({ keepWorkers: true });
    if ('rolldownVersion' in this.#context!.meta) await loadEmptying();
    this.#assets ??= await assetsOfBuild(
      this.#options,
      this.#root,
      cacheDirectoryOf(this.#options, this.#root),
    );
    // The output directory is known when the bundle is written.
    this.#copies.prepare(this.#targets);
    if (!this.#watching) return;
    for (const each of watchedPaths(this.#targets, this.#shared.directories))
      this.#context!.addWatchFile(each);
  }

  /** Whether the engine copies imported files. */
  get copiesAssets(): boolean {
    return this.#options.assets !== undefined;
  }

  /** Those of this build, since it began. */
  get assets(): BundledAssets | undefined {
    return this.#assets;
  }

  /** The module of an imported file that the engine copies: its URL. Undefined: the file is the bundler's. */
  async loadAsset(id: string): Promise<AssetModule | undefined> {
    return this.#assets && loadAsset(id, this.#assets, this.#context!);
  }

  /**
   * Takes over emptying the output directory: Rolldown would delete what is unchanged, too. Returns the options that
   * it has to see, when these are others.
   */
  takeOverCleaning(output: OutputOptions): OutputOptions | undefined {
    const { dir = DEFAULT_DIRECTORY, file, cleanDir = false } = output;
    if (!this.#hasTargets || file !== undefined) return undefined;
    this.#outputs.set(dir, cleanDir);
    return cleanDir ? { ...output, cleanDir: false } : undefined;
  }

  /**
   * An output is rendered: Rolldown would empty it now if it is going to be written, which it does not say before
   * {@link begin}. So what is there now is deleted then.
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

  /** The bundle of an output is complete. */
  async complete(output: Output, bundle: Bundle, isWrite: boolean): Promise<void> {
    const directory = this.#directoryOf(output);
    const extracted = this.#assets?.extract(this.#context!, bundle, directory, isWrite);
    if (!isWrite) return;
    const assets = extracted?.map(({ file, name }) =>
      targetOfFile({ source: file, destination: path.join(directory, name) }),
    );
    await this.#begin(output, Object.keys(bundle), assets);
  }

  /** The bundle of an output is going to be written: `names` by the bundler, and `assets` by the engine. */
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

  /** The build is over, or failed. Threads of a watcher stay for the next. */
  async end({ keepWorkers }: { keepWorkers: boolean } = { keepWorkers: this.#watching }): Promise<void> {
    this.#turns = new Map();
    removeBundles(this);
    this.#assets = undefined;
    await this.#copies.end({ keepWorkers });
    for (const record of this.#records.splice(0)) record.release();
    this.#snapshots.clear();
    // Not before: a plugin may have found them there, and write into them late.
    for (const snapshot of this.#emptied.splice(0)) snapshot.deleteEmptyDirectories();
  }

  #beginInTurn(directory: string, output: Output, assets: Target<string>[] | undefined): Promise<void> {
    const turns = this.#turns;
    return new Promise((resolve, reject) => {
      exclusive(directory, async () => {
        // Otherwise the build has ended meanwhile.
        if (turns === this.#turns) this.#copy(directory, output, assets);
        resolve();
        // The hook that waits for it rejects with what goes wrong.
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

  /** Outputs inside of an output directory, relative to it. */
  #keptIn(directory: string): string[] {
    return keptIn(directory, [...this.#shared.directories, ...this.#resolved(this.#outputs.keys())]);
  }

  get #watching(): boolean {
    return this.#context?.meta.watchMode ?? false;
  }

  /** Whether the options name anything. */
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
