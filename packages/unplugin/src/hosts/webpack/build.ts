import fs from 'node:fs';
import type { CopyReport } from 'fs-reflink';
import type { Compilation, Compiler } from 'webpack';
import {
  blockedNames,
  type CompilationLog,
  isOnDisk,
  logOf,
  outputOf,
  outsideWarning,
  watchSources,
} from '../../compilers/compiler.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import type { BuildCopies } from '../../output/build.ts';
import { mount } from '../../serve/memory.ts';
import { targetOfFile } from '../../targets/targets.ts';
import { CompilationAssets, type FinalAssets } from './assets.ts';
import { HiddenAssets } from './hiding.ts';
import type { WebpackImports } from './imported-files.ts';
import { type FileAsset, type Listing, listFiles } from './listing.ts';
import { engineTargets, type WebpackTarget } from './targets.ts';
import type { WatchState } from './watch-state.ts';

/** What all builds of one compiler have in common, for one instance of the plugin. */
export interface CompilerState {
  readonly compiler: Compiler;
  readonly options: ResolvedOptions;
  readonly targets: readonly WebpackTarget[];
  readonly watch: WatchState;
  readonly copies: BuildCopies;
  /** Where the options ask for any. */
  readonly imported: WebpackImports | undefined;
  /** What is copied into an output directory is recorded apart from what others copy there. */
  claim(directory: string): void;
  warnedOfOutside: boolean;
}

/** One build of a compiler: its files as assets, and their copies. */
export class WebpackBuild {
  readonly #state: CompilerState;
  readonly compilation: Compilation;
  /** Absolute path of the output. */
  readonly #directory: string;
  readonly #log: CompilationLog;
  /** While webpack looks through the contents of all assets. */
  readonly hidden: HiddenAssets;
  /** Once its files are listed. */
  #listing: Listing | undefined;
  #assets: CompilationAssets | undefined;
  /** Files that were copied, while they are no assets. */
  #putBack: (() => void) | undefined;

  constructor(state: CompilerState, compilation: Compilation) {
    const { compiler, targets } = state;
    this.#state = state;
    this.compilation = compilation;
    this.#directory = outputOf(compilation);
    this.#log = logOf(compilation);
    this.hidden = new HiddenAssets(compilation, () => this.#assets?.untouched() ?? []);
    if (compiler.watchMode) watchSources(compilation, engineTargets(targets));
  }

  /** The engine is loaded while modules are built. */
  async prepare(): Promise<void> {
    const { compiler, copies, targets } = this.#state;
    if (await isOnDisk(compiler)) copies.prepare(engineTargets(targets));
  }

  /** Makes assets of all files. */
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
        hidden: this.hidden,
        log: this.#log,
      });
    } catch (error) {
      this.#log.fail(error);
    }
  }

  /**
   * Whether webpack has to keep what it would clean away: a link, which is no asset, or what it lies in. About all else
   * it has to ask others, and the option `output.clean.keep`, which it would not after `false`.
   */
  keeps(name: string): true | undefined {
    const links = this.#listing?.assets.filter(({ file }) => file.link) ?? [];
    return links.some((link) => link.name === name || link.name.startsWith(`${name}/`)) || undefined;
  }

  /**
   * Copies the files into the output that is about to be written, or has them served if that is in memory. What is in
   * its place is no asset any more until {@link putBackAssets}.
   */
  async copy(): Promise<void> {
    if (!this.#listing || !this.#assets) return;
    const { compiler, imported, options, watch } = this.#state;
    const { warnings } = this.compilation;
    const final = this.#assets.final();
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
      // A copy that warned is made again, and warns again.
      if (warnings.length === length) watch.copied(final);
      await this.#markCopied(final.ours, report, changed !== undefined);
    } catch (error) {
      this.#log.fail(error);
      const { assets } = this.compilation;
      const blocked = blockedNames(Object.keys(assets), error, this.#directory);
      // A disk that is full for us is so for webpack, which would read all files into memory first.
      this.#assets.detach([...final.ours, ...blocked.map((name) => ({ name, source: assets[name]! }))]);
    }
  }

  putBackAssets(): void {
    this.#putBack?.();
  }

  /** The build is over, or failed. Threads of a watcher stay for the next. */
  async end(how: { keepWorkers: boolean }): Promise<void> {
    this.#state.watch.buildEnded();
    await this.#state.copies.end(how);
  }

  /** With `changed` only these files are looked at. */
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

  /** webpack does not write what was copied, and takes it for written. A report of changed files names no others. */
  async #markCopied(ours: FileAsset[], { entries }: CopyReport, namesChanged: boolean): Promise<void> {
    const { emittedAssets, comparedForEmitAssets } = this.compilation;
    const actions = new Map(entries!.map(({ destination, action }) => [destination, action]));
    const copied = namesChanged ? ours : ours.filter(({ file }) => actions.has(file.destination));
    // Somebody stands between webpack and the disk: then it has to write all of it itself.
    if (copied[0] && !(await isOnDisk(this.#state.compiler, copied[0].file.destination))) return;
    const isWritten = ({ file }: FileAsset) => (actions.get(file.destination) ?? 'unchanged') !== 'unchanged';
    for (const asset of copied) (isWritten(asset) ? emittedAssets : comparedForEmitAssets).add(asset.name);
    await this.#announce(copied.filter(isWritten));
    this.#putBack = this.#assets!.detach(copied);
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

  /** The output is in memory: files are read from where they are. */
  #serve(ours: readonly FileAsset[], { targets: { targets } }: Listing): void {
    const { compiler, options, warnedOfOutside } = this.#state;
    const warning = outsideWarning('webpack', compiler, targets, this.#directory);
    if (warning && !warnedOfOutside) this.#log.warn(warning);
    this.#state.warnedOfOutside = true;
    const plain = ours.filter(({ given }) => !given.target.transform);
    const files = new Map(plain.map(({ file }) => [file.destination, file.source]));
    // Whoever taps assetEmitted wants the content of each file, too.
    const serves = options.dev === 'serve' && !compiler.hooks.assetEmitted.isUsed();
    if (!serves || !mount(compiler.outputFileSystem!, this.#state, files)) return;
    for (const { name } of plain) this.compilation.emittedAssets.add(name);
    this.#putBack = this.#assets!.detach(plain);
  }
}

function isImported({ given }: FileAsset): boolean {
  return given.kind === 'bundle';
}
