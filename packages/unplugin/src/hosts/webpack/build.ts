import fs from 'node:fs';
import type { CopyEntry } from 'fs-reflink';
import type { Compilation, Compiler } from 'webpack';
import {
  blockedNames,
  type CompilationLog,
  isOnDisk,
  outputOf,
  warnOfOutside,
  watchSources,
} from '../../compilers/compiler.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import type { BuildCopies } from '../../output/build.ts';
import { mount } from '../../serve/memory.ts';
import { targetOfFile } from '../../targets/targets.ts';
import { CompilationAssets } from './assets.ts';
import { hideFromReaders } from './hiding.ts';
import type { WebpackImports } from './imported-files.ts';
import { type FileAsset, listFiles } from './listing.ts';
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
}

/** One build of a compiler: its files as assets, and their copies. */
export class WebpackBuild {
  readonly #state: CompilerState;
  readonly compilation: Compilation;
  /** Undefined until the files are listed. */
  #assets: CompilationAssets | undefined;
  /** Adds the copied files to the assets again. Undefined if none were removed from them. */
  #putBack: (() => void) | undefined;

  constructor(state: CompilerState, compilation: Compilation) {
    const { compiler, targets } = state;
    this.#state = state;
    this.compilation = compilation;
    hideFromReaders(compilation, () => this.#assets?.untouched() ?? []);
    if (compiler.watchMode) watchSources(compilation, engineTargets(targets));
  }

  /** Lists the files of all targets, and adds them as assets. */
  async addAssets(): Promise<void> {
    const { copies, imported, log, options, targets, watch } = this.#state;
    const { compilation } = this;
    const directory = outputOf(compilation);
    try {
      const context = { compilation, directory, watch };
      const listing = await watch.listing(directory, () => listFiles(targets, options, context));
      copies.silence(listing.silent);
      copies.warnOnce(listing.warnings);
      const found = imported?.in(compilation, directory) ?? [];
      this.#assets = new CompilationAssets(compilation, listing, found, log);
    } catch (error) {
      log.fail(error);
    }
  }

  /**
   * Returns true for a path that webpack must not clean: a link, which is no asset, or a directory that contains one.
   * Otherwise returns undefined: after `false`, webpack would not ask other plugins and `output.clean.keep`.
   */
  keeps(name: string): true | undefined {
    const links = this.#assets?.listing.assets.filter(({ file }) => file.link) ?? [];
    return links.some((link) => link.name === name || link.name.startsWith(`${name}/`)) || undefined;
  }

  /**
   * Call this before webpack writes the output. Copies the files, or serves them if the output is in memory. The
   * copied files are removed from the assets until {@link putBackAssets}, so that webpack does not write them.
   */
  async copy(): Promise<void> {
    const assets = this.#assets;
    if (!assets) return;
    const { claim, compiler, copies, imported, log, options, watch } = this.#state;
    const { warnings } = this.compilation;
    const { directory, targets } = assets.listing;
    // Another plugin has moved the output: webpack writes the files there, as any other asset.
    if (outputOf(this.compilation) !== directory) return assets.dropMissing();
    const ours = assets.untouched();
    const probe = ours.find(({ file }) => fs.existsSync(file.source))?.file.source;
    if (!(await isOnDisk(compiler, probe))) return this.#serve(assets, ours);
    const changed = watch.changedFiles(ours);
    const names = new Set(ours.map(({ name }) => name));
    const others = Object.keys(this.compilation.assets).filter((name) => !names.has(name));
    try {
      const { length } = warnings;
      claim(directory);
      const { entries } = await copies.copy({
        directory,
        ...targets,
        assets: imported && ours.flatMap(({ given }) => (given.origin === 'bundle' ? [given.target] : [])),
        keep: [],
        // An imported file is copied in the place of a public file or a target.
        leave: assets
          .left()
          .filter(({ name }) => !names.has(name))
          .map(({ file }) => file.destination),
        reported: assets.reported,
        unwritten: changed ? [] : others,
        // Compares only these files.
        changed: changed && {
          files: changed.map(({ file, given }) => targetOfFile(file, given.target)),
          others: ours.length - changed.length,
        },
        entries: true,
      });
      await imported?.verifyFiles(ours, directory);
      if (options.dryRun) {
        this.#putBack = assets.detach(ours);
        return;
      }
      // If the copy has warned, the next build copies all files again and so repeats the warnings.
      if (warnings.length === length) watch.copied(ours);
      const actions = new Map(entries!.map(({ destination, action }) => [destination, action]));
      // The report has entries only for the files that were compared.
      const copied = changed ? ours : ours.filter(({ file }) => actions.has(file.destination));
      await this.#markCopied(assets, copied, actions);
    } catch (error) {
      log.fail(error);
      const all = this.compilation.assets;
      const blocked = blockedNames(Object.keys(all), error, directory);
      // webpack must not write these assets: it would read all files into memory, and fail too if the disk is full.
      assets.detach([...ours, ...blocked.map((name) => ({ name, source: all[name]! }))]);
    }
  }

  putBackAssets(): void {
    this.#putBack?.();
  }

  /** Removes the copied files from the assets, so that webpack does not write them, and marks them as written. */
  async #markCopied(
    assets: CompilationAssets,
    copied: readonly FileAsset[],
    actions: ReadonlyMap<string, CopyEntry['action']>,
  ): Promise<void> {
    const { emittedAssets, comparedForEmitAssets } = this.compilation;
    // If the output filesystem does not find the copied file, it is not the disk. Then webpack writes all files.
    const { destination } = copied[0]?.file ?? {};
    if (destination !== undefined && !(await isOnDisk(this.#state.compiler, destination))) {
      assets.dropMissing();
      return;
    }
    const isWritten = ({ file }: FileAsset) => (actions.get(file.destination) ?? 'unchanged') !== 'unchanged';
    for (const asset of copied) (isWritten(asset) ? emittedAssets : comparedForEmitAssets).add(asset.name);
    await this.#announce(assets.listing.directory, copied.filter(isWritten));
    this.#putBack = assets.detach(copied);
    assets.dropMissing();
  }

  /** Tells other plugins which files were written, by webpack's hook `assetEmitted`. */
  async #announce(outputPath: string, written: readonly FileAsset[]): Promise<void> {
    const { assetEmitted } = this.#state.compiler.hooks;
    // webpack-dev-middleware 7 and older would read each file, and write it to the disk again.
    const taps = assetEmitted.taps.filter(({ name }) => name !== 'DevMiddleware');
    if (taps.length === 0) return;
    const Hook = assetEmitted.constructor as new (parameters: string[]) => typeof assetEmitted;
    const { interceptors } = assetEmitted;
    const others = Object.assign(new Hook(['file', 'info']), { taps, interceptors });
    for (const { name, source, file } of written) {
      await others.promise(name, {
        get content() {
          return source.buffer();
        },
        source,
        outputPath,
        compilation: this.compilation,
        targetPath: file.destination,
      });
    }
  }

  /** For an output in memory: makes it read the files from their sources. */
  #serve(assets: CompilationAssets, ours: readonly FileAsset[]): void {
    const { compiler, log, options } = this.#state;
    const { directory, targets } = assets.listing;
    warnOfOutside('webpack', compiler, targets, directory, log);
    const plain = ours.filter(({ given }) => !given.target.transform);
    const files = new Map(plain.map(({ file }) => [file.destination, file.source]));
    // Plugins that tap `assetEmitted` need the content of each file.
    const serves = options.dev === 'serve' && !compiler.hooks.assetEmitted.isUsed();
    if (!serves || !mount(compiler.outputFileSystem!, this.#state, files)) {
      assets.dropMissing();
      return;
    }
    for (const { name } of plain) this.compilation.emittedAssets.add(name);
    this.#putBack = assets.detach(plain);
  }
}
