import path from 'node:path';
import type { AssetInfo, Compilation, Compiler, NormalModule, sources } from 'webpack';
import type { BundledAsset, BundledAssets, contentOf } from '../../assets/bundled-assets.ts';
import { MAX_LIMIT, sourceOf, standInOf } from '../../assets/compiler-source.ts';
import { assetsOfBuild } from '../../assets/load.ts';
import { sizeInStandIn } from '../../assets/stand-in.ts';
import { cacheDirectoryOf } from '../../cache.ts';
import { NAME } from '../../compilers/compiler.ts';
import type { ResolvedOptions } from '../../options.ts';
import { relativeName, targetOfFile } from '../../targets.ts';
import { type Hidden, hideFromSearch } from './hiding.ts';
import type { FileAsset } from './targets.ts';

/** Before webpack reads a file, and before other plugins look at assets. */
const FIRST = -100_000;

type Source = sources.Source;

/** What is used of what webpack gives to loaders. */
interface LoaderContext {
  _module?: NormalModule;
  resourcePath: string;
  addDependency(file: string): void;
}

/**
 * Imported files of one compiler that the engine copies. webpack reads a stand-in for each, names it, and may keep it in its
 * caches; as soon as it is an asset, a source takes its place that reads the file when somebody asks for the content.
 */
export class ImportedFiles {
  readonly #compiler: Compiler;
  readonly #options: ResolvedOptions;
  /** Of the current build. */
  #assets: BundledAssets | undefined;
  #read: typeof contentOf | undefined;
  /** Those of the last builds, by state of the file: to webpack the same source is the same content. */
  readonly #sources = new Map<string, Source>();
  readonly #files = new WeakMap<Source, BundledAsset>();

  constructor(compiler: Compiler, options: ResolvedOptions) {
    this.#compiler = compiler;
    this.#options = options;
    const { cache } = compiler.options;
    // A stand-in in a cache must never be taken for a content.
    if (cache && cache.type === 'filesystem')
      cache.version = `${cache.version ?? ''}|${NAME} assets ${JSON.stringify(options.assets)}`;
    compiler.hooks.run.tapPromise(NAME, () => this.#begin());
    compiler.hooks.watchRun.tapPromise(NAME, () => this.#begin());
    compiler.hooks.compilation.tap(NAME, (compilation) => this.#tap(compilation));
  }

  async #begin(): Promise<void> {
    const { context } = this.#compiler;
    this.#assets = await assetsOfBuild(this.#options, context, cacheDirectoryOf(this.#options, context));
    this.#read = (await import('../../assets/bundled-assets.ts')).contentOf;
  }

  /** Also of child compilations, whose assets become those of their parents. */
  #tap(compilation: Compilation): void {
    const { NormalModule } = this.#compiler.webpack;
    const first = { name: NAME, stage: FIRST };
    NormalModule.getCompilationHooks(compilation)
      .readResource.for(undefined as never)
      .tapPromise(first, (context) => this.#standInOf(context as LoaderContext) as never);
    this.#hashByState(compilation);
    compilation.hooks.finishModules.tap(NAME, (modules) => {
      for (const module of modules) showSize(module as NormalModule);
    });
    compilation.hooks.processAssets.tapPromise(first, () => this.#reveal(compilation));
    if (compilation.compiler.isChild()) {
      const hidden = this.#hidden(compilation);
      hideFromSearch(compilation, () => hidden);
    }
  }

  #hidden(compilation: Compilation): Hidden {
    let hidden: FileAsset[] = [];
    return {
      hide: () => {
        hidden = this.in(compilation, compilation.compiler.outputPath);
        for (const { name } of hidden) delete compilation.assets[name];
      },
      show: () => {
        for (const { name, source } of hidden) compilation.assets[name] = source;
      },
    };
  }

  /**
   * Otherwise webpack reads each file to hash it, for its caches: it knows a file by its state instead. In another version
   * of webpack, whose hashes are elsewhere, it reads it.
   */
  #hashByState({ fileSystemInfo }: Compilation): void {
    const { _fileHashes: hashes } = fileSystemInfo as { _fileHashes?: unknown };
    if (!(hashes instanceof Map)) return;
    const known = hashes.get.bind(hashes);
    hashes.get = (file: string) => this.#assets?.find(file)?.state.key ?? known(file);
  }

  /** Undefined: webpack reads the file. */
  async #standInOf({
    _module: module,
    resourcePath,
    addDependency,
  }: LoaderContext): Promise<Buffer | undefined> {
    const assets = this.#assets;
    const limit = module && inlineLimitOf(module);
    if (!assets || limit === undefined || limit > MAX_LIMIT) return undefined;
    const found = assets.find(resourcePath);
    if (!found || found.size <= limit) return undefined;
    const standIn = await assets.standInOf(resourcePath);
    if (standIn === undefined) return undefined;
    addDependency(resourcePath);
    return Buffer.from(standIn.padEnd(limit + 1));
  }

  async #reveal(compilation: Compilation): Promise<void> {
    for (const [name, source] of Object.entries(compilation.assets)) {
      const { sourceFilename } = compilation.assetsInfo.get(name) ?? {};
      if (sourceFilename === undefined || this.#files.has(source)) continue;
      const standIn = standInOf(source);
      if (!standIn) continue;
      const file = path.resolve(this.#compiler.context, sourceFilename);
      // Somebody may compile without what webpack calls a run.
      if (!this.#assets) await this.#begin();
      const asset = await this.#assets!.restore(standIn, file);
      if (asset) {
        compilation.updateAsset(name, this.#sourceOf(asset), { size: asset.size });
        continue;
      }
      compilation.deleteAsset(name);
      const { WebpackError } = this.#compiler.webpack;
      const reason = 'is missing, or changed after webpack had named it by its content; build again';
      compilation.errors.push(new WebpackError(`${NAME}: ERR_SOURCE_CHANGED: ${sourceFilename} ${reason}`));
    }
  }

  #sourceOf(asset: BundledAsset): Source {
    const key = `${asset.state.key} ${asset.file}`;
    const source =
      this.#sources.get(key) ?? sourceOf(this.#compiler.webpack.sources.Source, asset, this.#read!);
    this.#sources.set(key, source);
    this.#files.set(source, asset);
    return source;
  }

  /** Those that are assets of a compilation and that nobody has changed. `directory` is the absolute path of the output. */
  in({ assets, assetsInfo }: Compilation, directory: string): FileAsset[] {
    return Object.entries(assets).flatMap(([name, source]) => {
      const asset = this.#files.get(source);
      if (!asset) return [];
      // As webpack writes it.
      const destination = path.join(directory, name.replace(/\?.*$/, ''));
      const file = { source: asset.file, destination, target: 0, link: false };
      const given = { kind: 'bundle' as const, target: targetOfFile(file) };
      return [{ name, file, source, info: assetsInfo.get(name) as AssetInfo, given }];
    });
  }

  /** They are copied: checks that they are what was hashed. */
  async verify(copied: readonly FileAsset[], directory: string): Promise<void> {
    const assets = this.#assets!;
    const files = copied.map(({ source, file }) => ({
      ...this.#files.get(source)!,
      name: relativeName(directory, file.destination),
    }));
    assets.keep(directory, files);
    const states = new Set(files.map(({ state, file }) => `${state.key} ${file}`));
    for (const each of this.#sources.keys()) if (!states.has(each)) this.#sources.delete(each);
    await assets.verify(directory);
  }
}

/** Up to which size webpack inlines what a module imports. Undefined: it has to see the content. In bytes. */
function inlineLimitOf({ type, loaders, parser, ...module }: NormalModule): number | undefined {
  const isAsset = type === 'asset' || type === 'asset/resource';
  if (!isAsset || loaders.length > 0 || module.matchResource !== undefined) return undefined;
  const { dataUrlCondition } = (parser ?? {}) as { dataUrlCondition?: boolean | { maxSize: number } };
  if (dataUrlCondition === false) return 0;
  return typeof dataUrlCondition === 'object' ? dataUrlCondition.maxSize : undefined;
}

/** Has webpack show the size of the file instead of that of its stand-in. */
function showSize(module: NormalModule): void {
  const source = module.type.startsWith('asset') ? module.originalSource?.() : undefined;
  const standIn = source && standInOf(source);
  if (!standIn) return;
  const size = sizeInStandIn(standIn)!;
  const { size: sizeOf } = Object.getPrototypeOf(module) as NormalModule;
  module.size = (type) => (type === 'asset' ? size : sizeOf.call(module, type));
}
