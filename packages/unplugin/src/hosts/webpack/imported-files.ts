import path from 'node:path';
import type { Compilation, Compiler, LoaderContext, NormalModule } from 'webpack';
import { standInOf } from '../../assets/compiler-source.ts';
import { sizeInStandIn } from '../../assets/stand-in.ts';
import { fileOf } from '../../compilers/compiler.ts';
import { ImportedFiles } from '../../compilers/imported-files.ts';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { targetOfFile } from '../../targets/targets.ts';
import { hideFromReaders } from './hiding.ts';
import type { FileAsset } from './listing.ts';

/** Runs before webpack reads a file, and before other plugins process assets. */
const FIRST = { name: NAME, stage: -100_000 };

/** Gives webpack stand-ins instead of files. When a stand-in is an asset, the source of the file replaces it. */
export class WebpackImports extends ImportedFiles {
  constructor(compiler: Compiler, options: ResolvedOptions) {
    super(compiler, options);
    compiler.hooks.compilation.tap(NAME, (compilation) => this.#tap(compilation));
  }

  /** Also called for child compilations, whose assets become assets of their parents. */
  #tap(compilation: Compilation): void {
    const { compiler, hooks } = compilation;
    const moduleHooks = compiler.webpack.NormalModule.getCompilationHooks(compilation);
    // webpack builds a module again if the modification time of its file differs, which some tools preserve or set to
    // a fixed value. So this asks whether the file still has the content of the module's stand-in.
    moduleHooks.needBuild.tapPromise(NAME, async (module) => {
      const standIn = standInIn(module);
      return !standIn || (await this.fileBehind(standIn, module.resource)) ? undefined! : true;
    });
    moduleHooks.readResource.for(undefined as never).tapPromise(FIRST, (given) => {
      const context = given as LoaderContext<unknown>;
      const limit = context._module && inlineLimitOf(context._module);
      return this.standInOf(context.resourcePath, limit, context) as never;
    });
    this.#hashByState(compilation);
    hooks.finishModules.tap(NAME, (modules) => {
      for (const module of modules) showSize(module as NormalModule);
    });
    hooks.processAssets.tapPromise(FIRST, () => this.#reveal(compilation));
    if (compiler.isChild()) hideFromReaders(compilation, () => this.in(compilation, compiler.outputPath));
  }

  /**
   * Makes webpack's caches identify a file by its state. Otherwise webpack would read the file to hash its content.
   * Does nothing in a version of webpack that stores the hashes elsewhere.
   */
  #hashByState({ fileSystemInfo }: Compilation): void {
    const { _fileHashes: hashes } = fileSystemInfo as { _fileHashes?: unknown };
    if (!(hashes instanceof Map)) return;
    const known = hashes.get.bind(hashes);
    hashes.get = (file: string) => this.assets?.selection.find(file)?.state.key ?? known(file);
  }

  async #reveal(compilation: Compilation): Promise<void> {
    for (const [name, source] of Object.entries(compilation.assets)) {
      const { sourceFilename } = compilation.assetsInfo.get(name) ?? {};
      const standIn = sourceFilename !== undefined && !this.assetOf(source) && standInOf(source);
      if (!standIn) continue;
      const file = path.resolve(compilation.compiler.context, sourceFilename);
      const asset = await this.restore(compilation, name, standIn, file);
      if (asset) compilation.updateAsset(name, this.sourceOf(asset), { size: asset.size });
    }
  }

  /** The imported files among the assets that no plugin has changed. `directory`: absolute path of the output. */
  in({ assets }: Compilation, directory: string): FileAsset[] {
    return Object.entries(assets).flatMap(([name, source]) => {
      const asset = this.assetOf(source);
      if (!asset) return [];
      const destination = path.join(directory, fileOf(name));
      const file = { source: asset.file, destination, target: 0, link: false };
      return [{ name, file, source, given: { origin: 'bundle' as const, target: targetOfFile(file) } }];
    });
  }

  /** Checks, after the copy, that the imported files among the copied ones still have the contents that were hashed. */
  async verifyFiles(copied: readonly FileAsset[], directory: string): Promise<void> {
    const named = copied.flatMap(({ name, source }) => {
      const asset = this.assetOf(source);
      return asset ? [{ ...asset, name: fileOf(name) }] : [];
    });
    await this.verify(named, directory);
  }
}

/** The content of a module if it is a stand-in. */
function standInIn(module: NormalModule): Buffer | undefined {
  const source = module.type.startsWith('asset') && module.originalSource?.();
  return source ? standInOf(source) : undefined;
}

/** The largest size, in bytes, of a file that webpack may inline. Undefined if webpack has to see the content. */
function inlineLimitOf({ type, loaders, parser, ...module }: NormalModule): number | undefined {
  const isAsset = type === 'asset' || type === 'asset/resource';
  if (!isAsset || loaders.length > 0 || module.matchResource !== undefined) return undefined;
  const { dataUrlCondition } = (parser ?? {}) as { dataUrlCondition?: boolean | { maxSize: number } };
  if (dataUrlCondition === false) return 0;
  return typeof dataUrlCondition === 'object' ? dataUrlCondition.maxSize : undefined;
}

/** Makes webpack show the size of the file instead of the size of its stand-in. */
function showSize(module: NormalModule): void {
  const standIn = standInIn(module);
  if (!standIn) return;
  const size = sizeInStandIn(standIn)!;
  const { size: sizeOf } = Object.getPrototypeOf(module) as NormalModule;
  module.size = (type) => (type === 'asset' ? size : sizeOf.call(module, type));
}
