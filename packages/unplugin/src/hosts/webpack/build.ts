import fs from 'node:fs';
import type { CopyReport } from 'fs-reflink';
import type { Compilation, Compiler } from 'webpack';
import {
  blockedNames,
  type CompilationLog,
  isOnDisk,
  outputOf,
  outsideWarning,
  watchSources,
} from '../../compilers/compiler.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import type { BuildCopies } from '../../output/build.ts';
import { mount } from '../../serve/memory.ts';
import { targetOfFile } from '../../targets/targets.ts';
import { CompilationAssets, type FinalAssets } from './assets.ts';
import { hideFromReaders } from './hiding.ts';
import type { WebpackImports } from './imported-files.ts';
import { type FileAsset, type Listing, listFiles } from './listing.ts';
import { engineTargets, type WebpackTarget } from './targets.ts';
import type { WatchState } from './watch-state.ts';

/** The state that all builds of one compiler share, for one instance of the plugin. */
export interface CompilerState {
  readonly compiler: Compiler;
  readonly options: ResolvedOptions;
  readonly log: CompilationLog;
  readonly targets: readonly WebpackTarget[];
  readonly watch: WatchState;
  readonly copies: BuildCopies;
  /** Undefined without the option `assets`. */
  readonly imported: WebpackImports | undefined;
  /** Call this before a copy into an output directory, so that the copy has its own record. */
  claim(directory: string): void;
  warnedOfOutside: boolean;
}

/** One build of a compiler: its files as assets, and their copies. */
export class WebpackBuild {
  readonly #state: CompilerState;
  readonly compilation: Compilation;
  /** Absolute path of the output. It has a placeholder for the hash of the compilation until that is known. */
  #directory: string;
  /** Undefined until the files are listed. */
  #listing: Listing | undefined;
  #assets: CompilationAssets | undefined;
  /** Adds the copied files to the assets again. Undefined if none were removed from them. */
  #putBack: (() => void) | undefined;

  constructor(state: CompilerState, compilation: Compilation) {
    const { compiler, targets } = state;
    this.#state = state;
    this.compilation = compilation;
    this.#directory = outputOf(compilation);
    hideFromReaders(compilation, () => this.#assets?.untouched() ?? []);
    if (compiler.watchMode) watchSources(compilation, engineTargets(targets));
  }

  /** Lists the files of all targets, and adds them as assets. */
  async addAssets(): Promise<void> {
    const { copies, imported, options, targets, watch } = this.#state;
    const { compilation } = this;
    const directory = this.#directory;
    try {
      const context = { compilation, directory, watch };
      const listing = await watch.listing(directory, () => listFiles(targets, options, context));
      copies.silence(listing.silent);
      copies.warnOnce(listing.warnings);
      this.#listing = listing;
      this.#assets = new CompilationAssets(compilation, {
        files: listing.assets,
        imported: imported?.in(compilation, directory) ?? [],
        directory,
        log: this.#state.log,
      });
    } catch (error) {
      this.#state.log.fail(error);
    }
  }

  /**
   * Returns true for a path that webpack must not clean: a link, which is no asset, or a directory that contains one.
   * Otherwise returns undefined: after `false`, webpack would not ask other plugins and `output.clean.keep`.
   */
  keeps(name: string): true | undefined {
    const links = this.#listing?.assets.filter(({ file }) => file.link) ?? [];
    return links.some((link) => link.name === name || link.name.startsWith(`${name}/`)) || undefined;
  }

  /**
   * Call this before webpack writes the output. Copies the files, or serves them if the output is in memory. The
   * copied files are removed from the assets until {@link putBackAssets}, so that webpack does not write them.
   */
  async copy(): Promise<void> {
    if (!this.#listing || !this.#assets) return;
    const { compiler, imported, options, watch } = this.#state;
    const { warnings } = this.compilation;
    const directory = outputOf(this.compilation);
    const isNamedByHash = directory !== this.#directory;
    this.#directory = directory;
    const final = this.#assets.final(directory);
    const probe = final.ours.find(({ file }) => fs.existsSync(file.source))?.file.source;
    if (!(await isOnDisk(compiler, probe))) return this.#serve(final.ours, this.#listing);
    const changed = watch.changedFiles(final);
    try {
      const { length } = warnings;
      const report = await this.#copyFiles(final, changed);
      await imported?.verifyFiles(final.ours.filter(isImported), this.#directory);
      if (options.dryRun) {
        this.#putBack = this.#assets.detach(final.ours);
        return;
      }
      // If the copy has warned, the next build copies all files again and so repeats the warnings.
      // A directory with another hash has none of the files.
      if (warnings.length === length && !isNamedByHash) watch.copied(final);
      await this.#markCopied(final.ours, report, changed !== undefined);
    } catch (error) {
      this.#state.log.fail(error);
      const { assets } = this.compilation;
      const blocked = blockedNames(Object.keys(assets), error, this.#directory);
      // webpack must not write these assets: it would read all files into memory, and fail too if the disk is full.
      this.#assets.detach([...final.ours, ...blocked.map((name) => ({ name, source: assets[name]! }))]);
    }
  }

  putBackAssets(): void {
    this.#putBack?.();
  }

  /** If `changed` is set, compares only these files. */
  #copyFiles({ ours, left, reported }: FinalAssets, changed: FileAsset[] | undefined): Promise<CopyReport> {
    const { copies, imported } = this.#state;
    this.#state.claim(this.#directory);
    const names = new Set(ours.map(({ name }) => name));
    const others = Object.keys(this.compilation.assets).filter((name) => !names.has(name));
    return copies.copy({
      directory: this.#directory,
      ...this.#listing!.targets,
      assets: imported && ours.filter(isImported).map(({ given }) => given.target),
      keep: [],
      leave: left,
      reported,
      unwritten: changed ? [] : others,
      changed: changed && {
        files: changed.map(({ file, given }) => targetOfFile(file, given.target)),
        others: ours.length - changed.length,
      },
      entries: true,
    });
  }

  /**
   * Removes the copied files from the assets, so that webpack does not write them, and marks them as written. With
   * `namesChanged`, the report has entries only for changed files.
   */
  async #markCopied(ours: FileAsset[], { entries }: CopyReport, namesChanged: boolean): Promise<void> {
    const { emittedAssets, comparedForEmitAssets } = this.compilation;
    const actions = new Map(entries!.map(({ destination, action }) => [destination, action]));
    const copied = namesChanged ? ours : ours.filter(({ file }) => actions.has(file.destination));
    // If the output filesystem does not find the copied file, it is not the disk. Then webpack writes all files.
    if (copied[0] && !(await isOnDisk(this.#state.compiler, copied[0].file.destination))) {
      this.#dropDeleted(ours);
      return;
    }
    const isWritten = ({ file }: FileAsset) => (actions.get(file.destination) ?? 'unchanged') !== 'unchanged';
    for (const asset of copied) (isWritten(asset) ? emittedAssets : comparedForEmitAssets).add(asset.name);
    await this.#announce(copied.filter(isWritten));
    if (!namesChanged) this.#dropDeleted(ours.filter(({ file }) => !actions.has(file.destination)));
    this.#putBack = this.#assets!.detach(copied);
  }

  /** webpack would read a file that was deleted since it was listed, and its error would end the process. */
  #dropDeleted(ours: readonly FileAsset[]): void {
    this.#assets!.detach(ours.filter(({ file }) => !fs.existsSync(file.source)));
  }

  async #announce(written: readonly FileAsset[]): Promise<void> {
    const { assetEmitted } = this.#state.compiler.hooks;
    if (!assetEmitted.isUsed()) return;
    for (const { name, source, file } of written) {
      await assetEmitted.promise(name, {
        get content() {
          return source.buffer();
        },
        source,
        outputPath: this.#directory,
        compilation: this.compilation,
        targetPath: file.destination,
      });
    }
  }

  /** For an output in memory: makes it read the files from their sources. */
  #serve(ours: readonly FileAsset[], { targets: { targets } }: Listing): void {
    const { compiler, options, warnedOfOutside } = this.#state;
    const warning = outsideWarning('webpack', compiler, targets, this.#directory);
    if (warning && !warnedOfOutside) this.#state.log.warn(warning);
    this.#state.warnedOfOutside = true;
    const plain = ours.filter(({ given }) => !given.target.transform);
    const files = new Map(plain.map(({ file }) => [file.destination, file.source]));
    // Plugins that tap `assetEmitted` need the content of each file.
    const serves = options.dev === 'serve' && !compiler.hooks.assetEmitted.isUsed();
    if (!serves || !mount(compiler.outputFileSystem!, this.#state, files)) {
      this.#dropDeleted(ours);
      return;
    }
    for (const { name } of plain) this.compilation.emittedAssets.add(name);
    this.#putBack = this.#assets!.detach(plain);
  }
}

function isImported({ given }: FileAsset): boolean {
  return given.kind === 'bundle';
}
