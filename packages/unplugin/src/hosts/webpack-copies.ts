import path from 'node:path';
import type { CopyReport } from 'fs-reflink';
import type { Compilation, Compiler } from 'webpack';
import { BuildCopies } from '../build.ts';
import { cacheDirectoryOf } from '../cache.ts';
import type { ResolvedOptions } from '../options.ts';
import type { OutputTargets } from '../targets.ts';
import type { CompilationAssets } from './webpack-assets.ts';
import type { Listing, PlacedAsset } from './webpack-listing.ts';
import { isRealDisk, mount } from './webpack-memory.ts';
import { inTurn, ownName } from './webpack-outputs.ts';
import type { WebpackTarget } from './webpack-targets.ts';

const NAME = 'unplugin-reflink';

interface Building {
  listing: Listing;
  assets: CompilationAssets;
}

/** Gets one compiler's files to where its output is. */
export class WebpackCopies {
  readonly #compiler: Compiler;
  readonly #options: ResolvedOptions;
  readonly #copies: BuildCopies;
  readonly #cacheDirectory: string;
  #compilation: Compilation | undefined;

  constructor(compiler: Compiler, options: ResolvedOptions, targets: readonly WebpackTarget[]) {
    this.#compiler = compiler;
    this.#options = options;
    const logger = compiler.getInfrastructureLogger(NAME);
    const { WebpackError } = compiler.webpack;
    const log = {
      info: (message: string) => logger.info(message),
      warn: (message: string) =>
        void this.#compilation?.warnings.push(new WebpackError(`${NAME}: ${message}`)),
      error: (message: string) => logger.error(message),
    };
    this.#copies = new BuildCopies(options, log, compiler.context);
    this.#cacheDirectory = path.join(cacheDirectoryOf(compiler.context), ownName(compiler, targets));
  }

  /** Threads boot while the modules are built. */
  async prepare(targets: OutputTargets, { compiler }: Compilation): Promise<void> {
    if (await isRealDisk(compiler.outputFileSystem!, compiler.context))
      this.#copies.prepare(targets, compiler.outputPath, this.#cacheDirectory);
  }

  /**
   * Places the files of a compilation that is about to be written. What is in its place is no asset any more until
   * the returned function is called.
   */
  async place(compilation: Compilation, directory: string, building: Building): Promise<() => void> {
    this.#compilation = compilation;
    const output = this.#compiler.outputFileSystem!;
    const ours = building.assets.untouched();
    const probe = ours[0]?.file.source ?? this.#compiler.context;
    if (!(await isRealDisk(output, probe))) return this.#serve(compilation, directory, ours, building.assets);
    try {
      const report = await inTurn(directory, () => this.#copy(directory, building));
      const actions = new Map(report.entries!.map(({ destination, action }) => [destination, action]));
      const placed = ours.filter(({ file }) => actions.has(file.destination));
      // Somebody stands between webpack and the disk: then it has to write all of it itself.
      if (placed[0] && !(await isRealDisk(output, placed[0].file.destination))) return () => {};
      for (const asset of placed) {
        const unchanged = actions.get(asset.file.destination) === 'unchanged';
        if (unchanged) compilation.comparedForEmitAssets.add(asset.name);
        else await this.#tellEmitted(compilation, directory, asset);
      }
      return building.assets.detach(placed);
    } catch (error) {
      const { WebpackError } = this.#compiler.webpack;
      compilation.errors.push(new WebpackError(`${NAME}: ${(error as Error).message}`));
      // A disk that is full for us is so for webpack, which would read all files into memory first.
      building.assets.detach(ours);
      return () => {};
    }
  }

  /** The build is over. Threads of a watcher stay for the next. */
  async end({ keepWorkers }: { keepWorkers: boolean }): Promise<void> {
    this.#compilation = undefined;
    await this.#copies.end({ keepWorkers });
  }

  async #copy(directory: string, { listing, assets }: Building): Promise<CopyReport> {
    this.#copies.begin({
      directory,
      ...listing.targets,
      cacheDirectory: this.#cacheDirectory,
      empty: false,
      keep: [],
      leave: assets.left(),
      told: assets.told,
      entries: true,
    });
    const [report] = await this.#copies.finish(directory);
    return report!;
  }

  /** The output is in memory: files are read from where they are. */
  #serve(
    compilation: Compilation,
    directory: string,
    ours: PlacedAsset[],
    assets: CompilationAssets,
  ): () => void {
    const plain = ours.filter((asset) => asset.plain);
    const files = new Map(plain.map(({ name, file }) => [path.join(directory, name), file.source]));
    // Who wants to be told of each file wants its content too.
    const serves = this.#options.dev === 'serve' && !this.#compiler.hooks.assetEmitted.isUsed();
    if (!serves || !mount(this.#compiler.outputFileSystem!, this, files)) return () => {};
    for (const { name } of plain) compilation.emittedAssets.add(name);
    return assets.detach(plain);
  }

  async #tellEmitted(compilation: Compilation, outputPath: string, asset: PlacedAsset): Promise<void> {
    const { name, source, file } = asset;
    compilation.emittedAssets.add(name);
    const { assetEmitted } = this.#compiler.hooks;
    if (!assetEmitted.isUsed()) return;
    await assetEmitted.promise(name, {
      get content() {
        return source.buffer();
      },
      source,
      outputPath,
      compilation,
      targetPath: file.destination,
    });
  }
}
