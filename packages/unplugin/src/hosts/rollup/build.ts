import path from 'node:path';
import type { OutputOptions } from 'rolldown';
import type { NormalizedOutputOptions, PluginContext } from 'rollup';
import type { Bundle, BundledAssets } from '../../assets/bundled-assets.ts';
import { assetsOfBuild } from '../../assets/load.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { type Entry, isOlder, UPDATE, unsupported } from '../../options/unsupported.ts';
import { BuildCopies } from '../../output/build.ts';
import { keptIn, loadEmptying } from '../../output/empty.ts';
import type { HostLog } from '../../output/log.ts';
import { Preparation } from '../../output/preparation.ts';
import { exclusive } from '../../output/turns.ts';
import { assetTargets, hasTargets, type OutputTargets, toTargets } from '../../targets/targets.ts';
import { watchedPaths } from '../../targets/watched.ts';
import type { BuildFacts } from './per-build.ts';

/** The part of a hook's `this` that is used here. Rollup and Rolldown both have it. */
export type Context = Pick<
  PluginContext,
  'info' | 'warn' | 'addWatchFile' | 'emitFile' | 'getFileName' | 'meta'
>;
export type Output = Pick<NormalizedOutputOptions, 'dir' | 'file'> &
  Partial<Pick<NormalizedOutputOptions, 'format' | 'entryFileNames'>>;

/** Rolldown's default output directory. */
const DEFAULT_DIRECTORY = 'dist';

/** What the builds of one plugin object share. */
export const sharedBy = (host: Entry, options: ResolvedOptions) => ({
  host,
  options,
  /** The output directories of the builds. They are not watched, and emptying one of them keeps those inside it. */
  directories: new Set<string>(),
  /** For all builds of a watcher, because each build of Rollup has a new {@link RollupBuild}. */
  watching: new Preparation(),
});

type Shared = ReturnType<typeof sharedBy>;

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
  readonly #facts: BuildFacts;
  #input: unknown;
  /** Rolldown's output directories as the options name them, and whether to empty them. */
  readonly #outputs = new Map<string, boolean>();
  #assets: BundledAssets | undefined;

  constructor(shared: Shared, facts: BuildFacts) {
    this.#shared = shared;
    this.#facts = facts;
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
    if (this.#isRolldown) await loadEmptying();
    else if (this.#copies.finished) await this.end({ keepWorkers: true });
    this.#assets ??= await assetsOfBuild(this.#options, this.#root, this.#copies.cacheDirectory);
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

  /**
   * Returns the module of an imported file that the engine copies, whose default export is the URL of the file.
   * Returns undefined if the bundler handles the file.
   */
  async loadAsset(id: string) {
    const assets = this.#assets;
    const context = this.#context!;
    const source = path.isAbsolute(id) ? await assets?.standInOf(id) : undefined;
    if (!assets || source === undefined) return undefined;
    // Rolldown watches by itself only the files that it has read.
    context.addWatchFile(id);
    const name = path.basename(id);
    const reference = context.emitFile({ type: 'asset', name, originalFileName: id, source });
    assets.emitted(reference);
    return {
      code: `export default import.meta.ROLLUP_FILE_URL_${reference};`,
      map: { mappings: '' as const },
      moduleSideEffects: false,
      // Otherwise Rolldown takes the type from the name, for example from ".wasm".
      ...('rolldownVersion' in context.meta && { moduleType: 'js' }),
    };
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
    this.#copies.claim(directory, this.#configurationOf(output), this.#targets);
    this.#copies.snapshot(directory, this.#keptIn(directory));
  }

  /** Call this when the bundle of an output is complete. Starts the copy if the bundle is going to be written. */
  async complete(output: Output, bundle: Bundle, isWrite: boolean): Promise<void> {
    const directory = this.#directoryOf(output);
    const extracted = this.#assets?.extract(this.#context!, bundle, directory, isWrite);
    if (!isWrite || !this.#hasTargets) return;
    // The bundler writes these files, and the engine copies the extracted ones.
    const names = Object.keys(bundle);
    this.#shared.directories.add(directory);
    await this.#copies.beginInTurn(directory, names, () => {
      this.#copies.claim(directory, this.#configurationOf(output), this.#targets);
      return {
        ...this.#targets,
        assets: extracted && assetTargets(extracted, directory),
        empty: this.#isCleaned(directory),
        keep: this.#keptIn(directory),
      };
    });
    await this.#copies.deleteCollisions(names, directory);
  }

  async finish(output: Output): Promise<void> {
    const directory = this.#directoryOf(output);
    if (this.#hasTargets) {
      await exclusive(directory, () => this.#copies.finish(directory));
      await this.#assets?.verify(directory);
    } else await this.#copies.deleteLeftOver(directory, this.#configurationOf(output));
  }

  /** Call this when the build ends or fails. A watcher keeps its worker threads for the next build. */
  async end({ keepWorkers }: { keepWorkers: boolean } = { keepWorkers: this.#watching }): Promise<void> {
    this.#assets = undefined;
    await this.#copies.end({ keepWorkers });
    this.#copies.release();
  }

  /** What distinguishes this instance of the plugin, and this output, from others. */
  #configurationOf({ format, file, entryFileNames }: Output) {
    return { position: this.#facts.position, input: this.#input, format, file, entryFileNames };
  }

  /** The outputs inside an output directory, relative to it. */
  #keptIn(directory: string): string[] {
    return keptIn(directory, [...this.#shared.directories, ...this.#resolved(this.#outputs.keys())]);
  }

  get #watching(): boolean {
    return this.#context?.meta.watchMode ?? false;
  }

  /** Also true for the plugin of Rollup, if Rolldown runs it. */
  get #isRolldown(): boolean {
    return 'rolldownVersion' in this.#context!.meta;
  }

  /** Whether the options name anything to copy. */
  get #hasTargets(): boolean {
    return this.copiesAssets || hasTargets(this.#targets);
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
    const { host, options, watching } = this.#shared;
    const shared = this.#facts.watching && { preparation: watching };
    return new BuildCopies({ host, options, log: this.#log, root: this.#root, ...shared });
  }
}
