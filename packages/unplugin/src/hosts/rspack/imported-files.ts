import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Compilation, Compiler, LoaderContext, NormalModule, RuleSetRule, sources } from '@rspack/core';
import type { BundledAsset, BundledAssets, contentOf, ExtractedAsset } from '../../assets/bundled-assets.ts';
import { MAX_LIMIT, sourceOf, standInOf } from '../../assets/compiler-source.ts';
import { assetsOfBuild } from '../../assets/load.ts';
import { MODULES } from '../../assets/options.ts';
import { cacheDirectoryOf } from '../../cache.ts';
import { isOnDisk, logOf, NAME } from '../../compilers/compiler.ts';
import type { ResolvedOptions } from '../../options.ts';
import { STAND_IN_OF, type StandInOf } from '../../rspack-loader.ts';

// From source it is the built one, too: Node.js 20 runs no TypeScript.
const LOADER = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../../dist/rspack-loader.js' : './rspack-loader.js',
    import.meta.url,
  ),
);

/** Before other plugins look at assets. */
const FIRST = -100_000;
/** What Rspack inlines by default. In bytes. */
const DEFAULT_LIMIT = 8096;

type Source = sources.Source;

/** How Rspack answers whoever asks for the content of an asset; its types do not tell. */
interface Contents {
  __internal__getAssetSource?: (name: string) => Source | undefined;
}

/**
 * Imported files of one compiler that the engine copies. A loader answers with a stand-in before Rspack reads the file, and
 * Rspack names that. Plugins in JavaScript that ask for its content get that of the file. Before Rspack writes, it is
 * deleted, because Rspack writes only what it has in memory.
 */
export class ImportedFiles {
  readonly #compiler: Compiler;
  readonly #options: ResolvedOptions;
  /** Of the current build. */
  #assets: BundledAssets | undefined;
  /** Whether it gives stand-ins to Rspack: an output in memory gets all files from Rspack. */
  #isActive = false;
  #read: typeof contentOf | undefined;
  /** Up to which size Rspack inlines a module of the type `asset`; undefined: it has to see the content. In bytes. */
  #limit: number | undefined;
  /** By stand-in. */
  readonly #sources = new Map<string, Source>();
  readonly #files = new WeakMap<Source, BundledAsset>();

  /** Undefined where another instance of the plugin has done it. */
  static of(compiler: Compiler, options: ResolvedOptions): ImportedFiles | undefined {
    return options.assets && !(STAND_IN_OF in compiler) ? new ImportedFiles(compiler, options) : undefined;
  }

  private constructor(compiler: Compiler, options: ResolvedOptions) {
    this.#compiler = compiler;
    this.#options = options;
    const { module, cache } = compiler.options;
    // A stand-in in a cache must never be taken for a content.
    if (typeof cache === 'object' && cache.type === 'persistent')
      cache.version = `${cache.version ?? ''}|${NAME} assets ${JSON.stringify(options.assets)}`;
    const standInOf: StandInOf = (context) => this.#standInOf(context);
    Object.assign(compiler, { [STAND_IN_OF]: standInOf });
    // What goes through a loader passes the heap: nothing but files that are to be copied may match.
    const isSelected = (file: string) => this.#isActive && this.#assets?.find(file) !== undefined;
    module.rules.push({ resource: { and: [{ not: MODULES }, isSelected] }, use: [{ loader: LOADER }] });
    compiler.hooks.run.tapPromise(NAME, () => this.#begin());
    compiler.hooks.watchRun.tapPromise(NAME, () => this.#begin());
    compiler.hooks.thisCompilation.tap(NAME, (compilation) => this.#reveal(compilation));
  }

  /** A build begins. */
  async #begin(): Promise<void> {
    const { context } = this.#compiler;
    this.#isActive = await isOnDisk(this.#compiler);
    this.#read = (await import('../../assets/bundled-assets.ts')).contentOf;
    this.#limit = inlineLimitOf(this.#compiler);
    this.#assets = await assetsOfBuild(this.#options, context, cacheDirectoryOf(this.#options, context));
  }

  /** Undefined: Rspack reads the file. */
  async #standInOf(context: LoaderContext): Promise<Buffer | undefined> {
    const { _module: module, resourcePath, loaders } = context;
    const assets = this.#assets;
    const limit = module.type === 'asset/resource' ? 0 : module.type === 'asset' ? this.#limit : undefined;
    if (!assets || !this.#isActive || limit === undefined || limit > MAX_LIMIT || loaders.length > 1)
      return undefined;
    const found = assets.find(resourcePath);
    if (!found || found.size <= limit || (module as NormalModule).matchResource !== undefined)
      return undefined;
    const standIn = (await assets.standInOf(resourcePath))!;
    context.addDependency(resourcePath);
    this.#remember(standIn, assets.standsFor(standIn)!);
    return Buffer.from(standIn.padEnd(limit + 1));
  }

  #remember(standIn: string, asset: BundledAsset): void {
    const source = sourceOf(this.#compiler.webpack.sources.Source as never, asset, this.#read!) as Source;
    this.#sources.set(standIn, source);
    this.#files.set(source, asset);
  }

  /** Whoever asks for the content of a stand-in gets that of the file. */
  #reveal(compilation: Compilation): void {
    const contents = compilation as Contents;
    const original = contents.__internal__getAssetSource?.bind(compilation);
    if (!original) {
      this.#isActive = false;
      return;
    }
    const contentOf = (source: Source) =>
      this.#sources.get(
        standInOf(source as never)
          ?.toString()
          .trimEnd() ?? '',
      );
    contents.__internal__getAssetSource = (name) => {
      const source = original(name);
      return source && (contentOf(source) ?? source);
    };
    const update = compilation.updateAsset.bind(compilation);
    compilation.updateAsset = (name, given, info) => {
      const source = typeof given === 'function' ? contents.__internal__getAssetSource!(name) : undefined;
      const isOurs = source !== undefined && this.#files.has(source);
      const changed = isOurs ? (given as (source: Source) => Source)(source) : undefined;
      update(name, isOurs ? (changed === source ? (same: Source) => same : changed!) : given, info);
    };
    compilation.hooks.processAssets.tapPromise({ name: NAME, stage: FIRST }, () =>
      this.#restore(compilation, original),
    );
  }

  /** Stand-ins that are in Rspack's cache, which may be that of a build to the disk. */
  async #restore(compilation: Compilation, read: (name: string) => Source | undefined): Promise<void> {
    for (const { name, file } of this.#selectedIn(compilation)) {
      const source = read(name);
      const standIn = source && standInOf(source as never);
      if (!standIn || (this.#isActive && this.#sources.has(standIn.toString().trimEnd()))) continue;
      const asset = await this.#assets!.restore(standIn, file);
      if (asset) {
        this.#remember(standIn.toString().trimEnd(), asset);
        const { RawSource } = this.#compiler.webpack.sources;
        if (!this.#isActive) compilation.updateAsset(name, new RawSource(this.#read!(asset) as Buffer));
        continue;
      }
      compilation.deleteAsset(name);
      const reason = 'is missing, or changed after Rspack had named it by its content; build again';
      logOf(compilation).fail(new Error(`ERR_SOURCE_CHANGED: ${file} ${reason}`));
    }
  }

  /** Others are not asked for their contents, which would copy these. */
  *#selectedIn(compilation: Compilation): Generator<{ name: string; file: string }> {
    if (!this.#assets) return;
    for (const { name, info } of compilation.getAssets()) {
      if (info.sourceFilename === undefined) continue;
      const file = path.resolve(this.#compiler.context, info.sourceFilename);
      if (this.#assets.matches(file) || this.#assets.matches(file.replace(/[?#].*$/, '')))
        yield { name, file };
    }
  }

  /** Those that are assets of a compilation and that nobody has changed. */
  in(compilation: Compilation): ExtractedAsset[] {
    if (!this.#isActive) return [];
    return [...this.#selectedIn(compilation)].flatMap(({ name }) => {
      const source = compilation.getAsset(name)?.source;
      const asset = source && this.#files.get(source);
      return asset ? [{ ...asset, name }] : [];
    });
  }

  /** They are copied: checks that they are what was hashed. */
  async verify(copied: readonly ExtractedAsset[], directory: string): Promise<void> {
    this.#assets?.keep(directory, copied);
    await this.#assets?.verify(directory);
  }
}

/** By what the config says for some module, which Rspack does not tell of one. */
function inlineLimitOf({ options: { module } }: Compiler): number | undefined {
  const conditions = [module.parser.asset?.dataUrlCondition, ...conditionsIn(module.rules)];
  if (conditions.some((each) => typeof each === 'function')) return undefined;
  const sizes = conditions.map((each) => (each as { maxSize?: number } | undefined)?.maxSize ?? 0);
  return Math.max(DEFAULT_LIMIT, ...sizes);
}

function* conditionsIn(rules: unknown): Generator<unknown> {
  for (const rule of Array.isArray(rules) ? (rules as (RuleSetRule | undefined)[]) : []) {
    if (typeof rule !== 'object' || rule === null) continue;
    yield (rule.parser as { dataUrlCondition?: unknown } | undefined)?.dataUrlCondition;
    yield* conditionsIn(rule.rules);
    yield* conditionsIn(rule.oneOf);
  }
}
