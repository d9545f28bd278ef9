import fs from 'node:fs/promises';
import path from 'node:path';
import type { Compilation, Compiler } from '@rspack/core';
import type { ExtractedAsset } from '../../assets/bundled-assets.ts';
import {
  blockedNames,
  instanceOf,
  isOnDisk,
  logOf,
  outputOf,
  recordOf,
  watchSources,
} from '../../compilers/compiler.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { BuildCopies, type HostLog } from '../../output/build.ts';
import { addBundle, bundlesOfOthers, removeBundles } from '../../output/bundles.ts';
import { type EmptySnapshot, loadEmptying, snapshotOf } from '../../output/empty.ts';
import { exclusive } from '../../output/exclusive.ts';
import type { ClaimedRecord, Instance } from '../../output/record-index.ts';
import { keptIn } from '../../targets/nested.ts';
import { linkStatsOf, statsOf } from '../../targets/stats.ts';
import { type OutputTargets, sourcesOf, targetOfFile } from '../../targets/targets.ts';
import { bundleOf } from './bundle.ts';
import type { Cleaning } from './clean.ts';
import type { DevelopmentServer } from './development-server.ts';
import type { RspackImports } from './imported-files.ts';

export interface CopiesSettings {
  options: ResolvedOptions;
  targets: OutputTargets;
  /** Empties the output in the place of whoever would have. */
  cleaning: Cleaning | undefined;
  logger: HostLog;
  /** Where the options ask for any. */
  imported?: RspackImports | undefined;
  /** Public directories may be missing: nobody named them. */
  publicDirsAreDefault?: boolean;
}

/** The copies of one compiler, build after build. */
export class RspackCopies {
  readonly #compiler: Compiler;
  readonly #options: ResolvedOptions;
  readonly #targets: OutputTargets;
  readonly #instance: () => Omit<Instance, 'targets'>;
  readonly #copies: BuildCopies;
  readonly #records = new Map<string, ClaimedRecord>();
  readonly #cleaning: Cleaning | undefined;
  readonly #log: HostLog;
  readonly #imported: RspackImports | undefined;
  readonly #publicDirsAreDefault: boolean;
  /** Imported files of the build that the engine copies. */
  #assets: ExtractedAsset[] = [];
  /** What was in the output when it would have been emptied, where that was earlier. */
  #snapshot: EmptySnapshot | undefined;
  #compilation: Compilation | undefined;
  /** Where the build copies to; undefined where it does not. */
  #directory: string | undefined;
  /** Rspack does not write again what it has written before and is unchanged. */
  #hasWritten = false;

  constructor(compiler: Compiler, settings: CopiesSettings) {
    const { options, targets, cleaning, logger, imported, publicDirsAreDefault = false } = settings;
    this.#imported = imported;
    this.#publicDirsAreDefault = publicDirsAreDefault;
    this.#compiler = compiler;
    this.#options = options;
    this.#targets = targets;
    this.#cleaning = cleaning;
    this.#instance = instanceOf('rspack', compiler);
    this.#log = {
      info: (message) => logger.info(message),
      // Of the compilation.
      warn: (message) => this.#compilation && logOf(this.#compilation, logger).warn(message),
      error: (message) => logger.error(message),
    };
    this.#copies = new BuildCopies(options, this.#log, compiler.context);
  }

  /**
   * For a tool that would empty the output now, before anything is built: what is there now is deleted when the output is
   * written, and what others write until then stays.
   */
  async snapshotBeforeEmptying(): Promise<void> {
    if (!this.#cleaning) return;
    await loadEmptying();
    const directory = path.resolve(this.#compiler.outputPath);
    const { cacheDirectory } = this.#recordOf(directory);
    this.#snapshot = snapshotOf({ directory, cacheDirectory, keep: this.#keptIn(directory) });
  }

  /** The engine is loaded while the modules are built. */
  async prepare(): Promise<void> {
    if (await isOnDisk(this.#compiler)) this.#copies.prepare(this.#targets);
  }

  watch(compilation: Compilation): void {
    watchSources(compilation, this.#targets);
  }

  /** A compilation is about to be written: empties the output if that is to be done, and begins to copy. */
  async begin(compilation: Compilation, server: DevelopmentServer): Promise<void> {
    this.#compilation = compilation;
    const directory = outputOf(compilation);
    if (!(await isOnDisk(this.#compiler))) {
      await server.built(compilation, this.#log);
      return;
    }
    addBundle(directory, this, bundleOf(compilation));
    this.#directory = directory;
    this.#assets = this.#imported?.in(compilation) ?? [];
    const empty = this.#cleaning?.isDue() ?? false;
    if (empty) await loadEmptying();
    await this.#beginInTurn(directory, empty);
  }

  /** No plugin adds assets any more: deletes files of ours that have the name of an asset. */
  async deleteCollisions(compilation: Compilation): Promise<void> {
    // Also where the copy has failed. What another plugin has changed meanwhile is Rspack's, and wins.
    for (const { name } of this.#imported?.in(compilation) ?? []) compilation.deleteAsset(name);
    if (this.#directory === undefined) return;
    const names = bundleOf(compilation);
    addBundle(this.#directory, this, names);
    try {
      await this.#copies.deleteCollisions(names, this.#directory);
    } catch (error) {
      const { assets } = compilation;
      for (const name of blockedNames(Object.keys(assets), error, this.#directory))
        compilation.deleteAsset(name);
      throw error;
    }
  }

  /** The bundle is written: resolves when all is copied. */
  async finish(compilation: Compilation): Promise<void> {
    const directory = this.#directory;
    if (directory === undefined) return;
    await exclusive(directory, () => this.#copies.finish(directory));
    await this.#imported?.verify(this.#assets, directory);
    if (this.#hasWritten) await this.#restoreBundle(compilation, directory);
    this.#hasWritten = true;
  }

  /** Something went wrong, and was reported: the rest of the build copies nothing. */
  fail(): void {
    this.#directory = undefined;
  }

  /** The build is over. Threads of a watcher stay for the next. */
  async end({ keepWorkers }: { keepWorkers: boolean }): Promise<void> {
    this.#compilation = undefined;
    this.#directory = undefined;
    removeBundles(this);
    await this.#copies.end({ keepWorkers });
    // Not before: a plugin may have found them there, and write into them late.
    if (this.#hasWritten) this.#snapshot?.deleteEmptyDirectories();
    this.#snapshot = undefined;
  }

  async close(): Promise<void> {
    await this.end({ keepWorkers: false });
    for (const record of this.#records.values()) record.release();
    this.#records.clear();
  }

  #beginInTurn(directory: string, empty: boolean): Promise<void> {
    const compilation = this.#compilation;
    return new Promise((resolve, reject) => {
      exclusive(directory, async () => {
        // Otherwise the build has ended meanwhile.
        if (compilation === this.#compilation) this.#copy(directory, empty);
        resolve();
        // The hook that waits for it rejects with what goes wrong.
        await this.#copies.waitForCopies(directory).catch(() => {});
      }).catch(reject);
    });
  }

  #copy(directory: string, empty: boolean): void {
    const { cacheDirectory, orphaned } = this.#recordOf(directory);
    this.#copies.begin({
      directory,
      ...this.#presentTargets(),
      assets:
        this.#imported &&
        this.#assets.map(({ file, name }) =>
          targetOfFile({ source: file, destination: path.join(directory, name.split('?', 1)[0]!) }),
        ),
      cacheDirectory,
      orphaned: orphaned.splice(0),
      empty,
      ...(empty && { snapshot: this.#snapshot }),
      keep: this.#keptIn(directory),
      written: bundlesOfOthers(directory, this),
    });
  }

  /** Without default public directories that were deleted while a build watches. */
  #presentTargets(): OutputTargets {
    if (!this.#publicDirsAreDefault) return this.#targets;
    const publicTargets = this.#targets.publicTargets.filter((each) => sourcesOf(each).every(statsOf));
    return { ...this.#targets, publicTargets };
  }

  #keptIn(directory: string): string[] {
    return [...(this.#cleaning?.kept ?? []), ...keptIn(directory, [])];
  }

  #recordOf(directory: string): ClaimedRecord {
    const known = this.#records.get(directory);
    if (known) return known;
    const record = recordOf(this.#compiler, this.#instance(), this.#targets, this.#options, directory);
    this.#records.set(directory, record);
    return record;
  }

  /** Writes files of the bundle that are missing because a file of ours had their place until now. */
  async #restoreBundle(compilation: Compilation, directory: string): Promise<void> {
    for (const name of bundleOf(compilation)) {
      const file = path.join(directory, name);
      if (linkStatsOf(file)) continue;
      const source = compilation.getAsset(name)?.source;
      if (!source) continue;
      await fs.mkdir(path.dirname(file), { recursive: true });
      await fs.writeFile(file, source.buffer());
    }
  }
}
