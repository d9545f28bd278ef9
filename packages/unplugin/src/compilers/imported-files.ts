import type { sources } from 'webpack';
import type { BundledAsset, BundledAssets, contentOf, ExtractedAsset } from '../assets/bundled-assets.ts';
import { lazySource, MAX_LIMIT } from '../assets/compiler-source.ts';
import { assetsOfBuild } from '../assets/load.ts';
import { NAME } from '../options/name.ts';
import type { ResolvedOptions } from '../options/options.ts';
import { cacheDirectoryOf } from '../output/cache.ts';
import { type AnyCompilation, type AnyCompiler, logOf } from './compiler.ts';

type Source = sources.Source;

interface Compiler extends AnyCompiler {
  options: AnyCompiler['options'] & { cache: unknown };
  webpack: AnyCompiler['webpack'] & { sources: { Source: unknown } };
  hooks: AnyCompiler['hooks'] & Record<'run' | 'watchRun', { tapPromise(name: string, act: Act): void }>;
}

type Act = () => Promise<void>;

/**
 * Imported files of one compiler that the engine copies: the compiler gets a stand-in for each, names it, and may keep it in
 * its caches. Whoever asks for the content gets that of the file.
 */
export class ImportedFiles {
  readonly #compiler: Compiler;
  readonly #options: ResolvedOptions;
  /** Of the current build. */
  protected assets: BundledAssets | undefined;
  protected read: typeof contentOf | undefined;
  /** Those of the last builds, by state of the file: to a compiler the same source is the same content. */
  readonly #sources = new Map<string, Source>();
  readonly #files = new WeakMap<object, BundledAsset>();

  constructor(compiler: Compiler, options: ResolvedOptions) {
    this.#compiler = compiler;
    this.#options = options;
    const cache = compiler.options.cache as { type?: string; version?: string } | boolean | undefined;
    // A stand-in in a cache must never be taken for a content.
    if (typeof cache === 'object' && cache.type !== 'memory')
      cache.version = `${cache.version ?? ''}|${NAME} assets ${JSON.stringify(options.assets)}`;
    compiler.hooks.run.tapPromise(NAME, () => this.begin());
    compiler.hooks.watchRun.tapPromise(NAME, () => this.begin());
  }

  /** A build begins. */
  protected async begin(): Promise<void> {
    const { context } = this.#compiler;
    this.assets = await assetsOfBuild(this.#options, context, cacheDirectoryOf(this.#options, context));
    this.read = (await import('../assets/bundled-assets.ts')).contentOf;
  }

  /**
   * The stand-in of a module's file, longer than what the compiler would inline: `limit`, in bytes, or undefined where it has
   * to see the content. Undefined: the compiler reads the file.
   */
  protected async standInOf(
    file: string,
    limit: number | undefined,
    { addDependency }: { addDependency(file: string): void },
  ): Promise<Buffer | undefined> {
    if (limit === undefined || limit > MAX_LIMIT) return undefined;
    const found = this.assets?.selection.find(file);
    if (!found || found.size <= limit) return undefined;
    const standIn = await this.assets!.standInOf(file);
    if (standIn === undefined) return undefined;
    addDependency(file);
    return Buffer.from(standIn.padEnd(limit + 1));
  }

  /** What is read when somebody asks for the content of the file. */
  protected sourceOf(asset: BundledAsset): Source {
    const key = keyOf(asset);
    const { Source } = this.#compiler.webpack.sources;
    const source =
      this.#sources.get(key) ??
      lazySource(Source as typeof sources.Source, {
        read: () => this.read!(asset),
        size: () => asset.size,
        key: () => asset.hash,
      });
    this.#sources.set(key, source);
    this.#files.set(source, asset);
    return source;
  }

  /** The file whose content a source is. */
  protected assetOf(source: object | undefined): BundledAsset | undefined {
    return source && this.#files.get(source);
  }

  /** The file that a stand-in of an earlier build is for. If it is missing, or has changed, the asset is deleted: an error. */
  protected async restore(
    compilation: AnyCompilation & { deleteAsset(name: string): void },
    name: string,
    standIn: Uint8Array,
    file: string,
  ): Promise<BundledAsset | undefined> {
    const asset = await this.assets!.restore(standIn, file);
    if (asset) return asset;
    compilation.deleteAsset(name);
    const reason = 'is missing, or changed after it had been named by its content; build again';
    logOf(compilation).fail(new Error(`ERR_SOURCE_CHANGED: ${file} ${reason}`));
    return undefined;
  }

  /** They are copied: checks that they are what was hashed. */
  async verify(copied: readonly ExtractedAsset[], directory: string): Promise<void> {
    this.assets?.keep(directory, copied);
    const kept = new Set(copied.map(keyOf));
    for (const each of this.#sources.keys()) if (!kept.has(each)) this.#sources.delete(each);
    await this.assets?.verify(directory);
  }
}

function keyOf({ state, file }: BundledAsset): string {
  return `${state.key} ${file}`;
}
