import fs from 'node:fs/promises';
import path from 'node:path';
import type { Compilation, Compiler } from '@rspack/core';
import { fixedPart } from 'fs-reflink/host';
import type { ExtractedAsset } from '../../assets/bundled-assets.ts';
import {
  blockedNames,
  bundleOf,
  type CompilationLog,
  configurationOf,
  fileOf,
  isOnDisk,
  logOf,
  outputOf,
} from '../../compilers/compiler.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { BuildCopies } from '../../output/build.ts';
import { keptIn, loadEmptying } from '../../output/empty.ts';
import type { HostLog } from '../../output/log.ts';
import { exclusive } from '../../output/turns.ts';
import { linkStatsOf, statsOf } from '../../targets/stats.ts';
import { assetTargets, type OutputTargets, sourcesOf } from '../../targets/targets.ts';
import type { Cleaning } from './clean.ts';
import type { DevelopmentServer } from './development-server.ts';
import type { RspackImports } from './imported-files.ts';

export interface CopiesSettings {
  options: ResolvedOptions;
  targets: OutputTargets;
  /** Undefined if the plugin does not empty the output. */
  cleaning: Cleaning | undefined;
  logger: HostLog;
  /** Undefined without the option `assets`, or if another instance of the plugin handles imported files. */
  imported?: RspackImports | undefined;
  /** Whether the user did not name the public directories, so that they may be missing. */
  publicDirsAreDefault?: boolean;
}

/** The copies of one compiler, build after build. */
export class RspackCopies {
  readonly #compiler: Compiler;
  readonly #settings: CopiesSettings;
  readonly #configuration: () => object;
  readonly #copies: BuildCopies;
  readonly #log: CompilationLog;
  /** Imported files of the build that the engine copies. */
  #assets: ExtractedAsset[] = [];
  #compilation: Compilation | undefined;
  /** Absolute path of the output. Undefined if the build does not copy. */
  #directory: string | undefined;
  /** Whether an earlier build has written the bundle: then Rspack does not write unchanged files again. */
  #hasWritten = false;

  constructor(compiler: Compiler, settings: CopiesSettings) {
    const { options, logger } = settings;
    this.#compiler = compiler;
    this.#settings = settings;
    this.#configuration = configurationOf(compiler);
    this.#log = logOf(() => this.#compilation, logger);
    const { context: root } = compiler;
    this.#copies = new BuildCopies({ host: 'rspack', options, log: this.#log, root });
  }

  /**
   * Call this when a tool would empty the output, before anything is built. Files that exist now are deleted when the
   * output is written. Files that other plugins write until then stay.
   */
  async snapshotBeforeEmptying(): Promise<void> {
    if (!this.#settings.cleaning) return;
    await loadEmptying();
    const directory = path.resolve(this.#compiler.outputPath);
    this.#claim(directory);
    this.#copies.snapshot(directory, this.#keptIn(directory));
  }

  /** Loads the engine while Rspack builds modules. */
  async prepare(): Promise<void> {
    if (await isOnDisk(this.#compiler)) this.#copies.prepare(this.#settings.targets);
  }

  /**
   * Call this before other plugins write into the output. Empties the output if that is due, so that what these plugins
   * write stays.
   */
  async empty(compilation: Compilation): Promise<void> {
    this.#compilation = compilation;
    const isDue = this.#settings.cleaning?.isDue() ?? false;
    if (!(await isOnDisk(this.#compiler))) return;
    const directory = outputOf(compilation);
    this.#claim(directory);
    if (isDue) {
      await loadEmptying();
      const settings = { ...this.#presentTargets(), directory, keep: this.#keptIn(directory) };
      await exclusive(directory, async () => this.#copies.empty(settings));
    }
    this.#directory = directory;
  }

  /** Call this when no plugin empties the output any more, before a compilation is written. Starts the copy. */
  async begin(compilation: Compilation, server: DevelopmentServer): Promise<void> {
    if (!(await isOnDisk(this.#compiler))) {
      await server.built(compilation, this.#log);
      return;
    }
    const directory = this.#directory;
    // The output could not be emptied.
    if (directory === undefined) return;
    const assets = this.#settings.imported?.in(compilation);
    this.#assets = assets?.map((each) => ({ ...each, name: fileOf(each.name) })) ?? [];
    await this.#copies.beginInTurn(directory, bundleOf(compilation), () => ({
      ...this.#presentTargets(),
      assets: assets && assetTargets(this.#assets, directory),
      keep: this.#keptIn(directory),
    }));
  }

  /** Call this when no plugin adds assets any more. Deletes copied files that have the name of an asset. */
  async deleteCollisions(compilation: Compilation): Promise<void> {
    // Rspack must not write the files that the engine copies, even if the copy has failed. Imported files that
    // another plugin has changed are not among these: Rspack writes them instead of the copied files.
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

  /** Call this when the bundle is written. Resolves when all files are copied. */
  async finish(compilation: Compilation): Promise<void> {
    const directory = this.#directory;
    if (directory === undefined) return;
    try {
      await exclusive(directory, () => this.#copies.finish(directory));
      await this.#settings.imported?.verify(this.#assets, directory);
    } finally {
      if (this.#hasWritten) await this.#restoreBundle(compilation, directory);
      this.#hasWritten = true;
    }
  }

  /** Fails the build. The rest of it copies nothing. */
  fail(error: unknown): void {
    this.#directory = undefined;
    this.#log.fail(error);
  }

  /** Call this when the build ends or fails. */
  async end({ keepWorkers }: { keepWorkers: boolean }): Promise<void> {
    this.#compilation = undefined;
    this.#directory = undefined;
    await this.#copies.end({ keepWorkers });
  }

  /** Call this when no further build needs the records. */
  release(): void {
    this.#copies.release();
  }

  /** The targets, without default public directories that were deleted while a build watches. */
  #presentTargets(): OutputTargets {
    const { targets, publicDirsAreDefault } = this.#settings;
    if (!publicDirsAreDefault) return targets;
    // The public targets include patterns that were taken over, which may be globs.
    const isPresent = (from: string) => statsOf(fixedPart(from)) !== undefined;
    const publicTargets = targets.publicTargets.filter((each) => sourcesOf(each).every(isPresent));
    return { ...targets, publicTargets };
  }

  #claim(directory: string): void {
    this.#copies.claim(directory, this.#configuration(), this.#settings.targets);
  }

  #keptIn(directory: string): string[] {
    return [...(this.#settings.cleaning?.kept ?? []), ...keptIn(directory)];
  }

  /** Writes files of the bundle that are missing because a copied file had replaced them until this build. */
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
