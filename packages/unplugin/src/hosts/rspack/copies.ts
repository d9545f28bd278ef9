import fs from 'node:fs/promises';
import path from 'node:path';
import type { Compilation, Compiler } from '@rspack/core';
import type { ExtractedAsset } from '../../assets/bundled-assets.ts';
import {
  blockedNames,
  bundleOf,
  configurationOf,
  fileOf,
  isOnDisk,
  logOfBuilds,
  outputOf,
  watchSources,
} from '../../compilers/compiler.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { BuildCopies } from '../../output/build.ts';
import { keptIn, loadEmptying } from '../../output/empty.ts';
import type { HostLog } from '../../output/log.ts';
import { exclusive } from '../../output/turns.ts';
import { linkStatsOf, statsOf } from '../../targets/stats.ts';
import { assetTargets, type OutputTargets, sourcesOf } from '../../targets/targets.ts';
import { watchedPart } from '../../targets/watched.ts';
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
  readonly #settings: CopiesSettings;
  readonly #configuration: () => object;
  readonly #copies: BuildCopies;
  readonly #log: HostLog;
  /** Imported files of the build that the engine copies. */
  #assets: ExtractedAsset[] = [];
  #compilation: Compilation | undefined;
  /** Where the build copies to; undefined where it does not. */
  #directory: string | undefined;
  /** Rspack does not write again what it has written before and is unchanged. */
  #hasWritten = false;

  constructor(compiler: Compiler, settings: CopiesSettings) {
    const { options, logger } = settings;
    this.#compiler = compiler;
    this.#settings = settings;
    this.#configuration = configurationOf(compiler);
    this.#log = logOfBuilds(() => this.#compilation, logger);
    const { context: root } = compiler;
    this.#copies = new BuildCopies({ host: 'rspack', options, log: this.#log, root });
  }

  /**
   * For a tool that would empty the output now, before anything is built: what is there now is deleted when the output is
   * written, and what others write until then stays.
   */
  async snapshotBeforeEmptying(): Promise<void> {
    if (!this.#settings.cleaning) return;
    await loadEmptying();
    const directory = path.resolve(this.#compiler.outputPath);
    this.#copies.claim(directory, this.#configuration(), this.#settings.targets);
    this.#copies.snapshot(directory, this.#keptIn(directory));
  }

  /** The engine is loaded while the modules are built. */
  async prepare(): Promise<void> {
    if (await isOnDisk(this.#compiler)) this.#copies.prepare(this.#settings.targets);
  }

  watch(compilation: Compilation): void {
    watchSources(compilation, this.#settings.targets);
  }

  /** A compilation is about to be written: empties the output if that is to be done, and begins to copy. */
  async begin(compilation: Compilation, server: DevelopmentServer): Promise<void> {
    this.#compilation = compilation;
    const directory = outputOf(compilation);
    if (!(await isOnDisk(this.#compiler))) {
      await server.built(compilation, this.#log);
      return;
    }
    this.#directory = directory;
    const assets = this.#settings.imported?.in(compilation);
    this.#assets = assets?.map((each) => ({ ...each, name: fileOf(each.name) })) ?? [];
    const empty = this.#settings.cleaning?.isDue() ?? false;
    if (empty) await loadEmptying();
    this.#copies.claim(directory, this.#configuration(), this.#settings.targets);
    await this.#copies.beginInTurn(directory, bundleOf(compilation), () => ({
      ...this.#presentTargets(),
      assets: assets && assetTargets(this.#assets, directory),
      empty,
      keep: this.#keptIn(directory),
    }));
  }

  /** No plugin adds assets any more: deletes files of ours that have the name of an asset. */
  async deleteCollisions(compilation: Compilation): Promise<void> {
    // Also where the copy has failed. What another plugin has changed meanwhile is Rspack's, and wins.
    for (const { name } of this.#settings.imported?.in(compilation) ?? []) compilation.deleteAsset(name);
    if (this.#directory === undefined) return;
    try {
      await this.#copies.deleteCollisions(bundleOf(compilation), this.#directory);
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
    await this.#settings.imported?.verify(this.#assets, directory);
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
    await this.#copies.end({ keepWorkers });
  }

  async close(): Promise<void> {
    await this.end({ keepWorkers: false });
    this.#copies.release();
  }

  /** Without default public directories that were deleted while a build watches. */
  #presentTargets(): OutputTargets {
    const { targets, publicDirsAreDefault } = this.#settings;
    if (!publicDirsAreDefault) return targets;
    // Patterns that were taken over are among them.
    const isPresent = (from: string) => statsOf(watchedPart(from)) !== undefined;
    const publicTargets = targets.publicTargets.filter((each) => sourcesOf(each).every(isPresent));
    return { ...targets, publicTargets };
  }

  #keptIn(directory: string): string[] {
    return [...(this.#settings.cleaning?.kept ?? []), ...keptIn(directory)];
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
