import type { sources } from 'webpack';
import type { BundledAsset, BundledAssets, ExtractedAsset } from '../assets/bundled-assets.ts';
import { lazySource, MAX_LIMIT } from '../assets/compiler-source.ts';
import { assetsOfBuild } from '../assets/load.ts';
import { NAME } from '../options/name.ts';
import type { ResolvedOptions } from '../options/options.ts';
import { cacheDirectoryOf } from '../output/cache.ts';
import { type AnyCompilation, type AnyCompiler, logOf } from './compiler.ts';

type Source = sources.Source;

/**
 * The imported files of one compiler that the engine copies. The compiler gets a stand-in for each file, names the
 * stand-in, and may keep it in its caches. Plugins that ask for its content get the content of the file.
 */
export class ImportedFiles {
  readonly #compiler: AnyCompiler;
  readonly #options: ResolvedOptions;
  /** The imported files of the current build. */
  protected assets: BundledAssets | undefined;
  /** The sources of earlier builds, by state of the file. Compilers treat the same source object as unchanged. */
  readonly #sources = new Map<string, Source>();
  readonly #files = new WeakMap<object, BundledAsset>();

  constructor(compiler: AnyCompiler, options: ResolvedOptions) {
    this.#compiler = compiler;
    this.#options = options;
    const cache = compiler.options.cache as { type?: string; version?: string } | boolean | undefined;
    // A build without the option, or with another one, must not take a cached stand-in for the content.
    if (typeof cache === 'object' && cache.type !== 'memory')
      cache.version = `${cache.version ?? ''}|${NAME} assets ${JSON.stringify(options.assets)}`;
    compiler.hooks.run.tapPromise(NAME, () => this.begin());
    compiler.hooks.watchRun.tapPromise(NAME, () => this.begin());
  }

  /** Call this when a build starts. */
  protected async begin(): Promise<void> {
    const { context } = this.#compiler;
    this.assets = await assetsOfBuild(this.#options, context, cacheDirectoryOf(this.#options, context));
  }

  /**
   * The stand-in of a module's file, padded so that the compiler does not inline it. `limit` is the size in bytes up
   * to which it inlines, or undefined if it has to see the content. Undefined if the compiler must read the file.
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

  /** The source that reads the file each time a plugin asks for the content. */
  protected sourceOf(asset: BundledAsset): Source {
    const key = keyOf(asset);
    const { Source } = this.#compiler.webpack.sources;
    const source =
      this.#sources.get(key) ??
      lazySource(Source as typeof sources.Source, {
        read: () => this.assets!.contentOf(asset),
        size: () => asset.size,
        key: () => asset.hash,
      });
    this.#sources.set(key, source);
    this.#files.set(source, asset);
    return source;
  }

  /** The file of a source that {@link sourceOf} has returned. Undefined for other sources. */
  protected assetOf(source: object | undefined): BundledAsset | undefined {
    return source && this.#files.get(source);
  }

  /** The file of a stand-in, if it still has the content that the stand-in stands for. `file` may have a query. */
  protected async fileBehind(standIn: Uint8Array, file: string): Promise<BundledAsset | undefined> {
    // A program may call `compiler.compile`, which calls neither `run` nor `watchRun`.
    if (!this.assets) await this.begin();
    return this.assets!.restore(standIn, pathsOf(file));
  }

  /** Finds the file of an earlier build's stand-in. If it is missing or has changed, fails and deletes the asset. */
  protected async restore(
    compilation: AnyCompilation & { deleteAsset(name: string): void },
    name: string,
    standIn: Uint8Array,
    file: string,
  ): Promise<BundledAsset | undefined> {
    const asset = await this.fileBehind(standIn, file);
    if (asset) return asset;
    compilation.deleteAsset(name);
    const reason = 'is missing, or changed after it had been named by its content; build again';
    const logger = this.#compiler.getInfrastructureLogger(NAME);
    logOf(() => compilation, logger).fail(new Error(`ERR_SOURCE_CHANGED: ${pathsOf(file)[0]} ${reason}`));
    return undefined;
  }

  /** Call this after the copy. Checks that the files still have the contents that were hashed. */
  async verify(copied: readonly ExtractedAsset[], directory: string): Promise<void> {
    this.assets?.keep(directory, copied);
    const kept = new Set(copied.map(keyOf));
    for (const each of this.#sources.keys()) if (!kept.has(each)) this.#sources.delete(each);
    await this.assets?.verify(directory);
  }
}

/**
 * The paths that the file of a module may have, the longest first: `?` and `#` begin a query and a fragment, but a path
 * may contain them too. webpack writes `\0` before such a character of a path.
 */
export function pathsOf(resource: string): string[] {
  const whole = resource.replaceAll('\0', '');
  const shorter = [...whole.matchAll(/[?#]/g)].map(({ index }) => whole.slice(0, index));
  return [whole, ...shorter.reverse()];
}

function keyOf({ state, file }: BundledAsset): string {
  return `${state.key} ${file}`;
}
