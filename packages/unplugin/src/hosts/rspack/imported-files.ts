import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Compilation, Compiler, LoaderContext, NormalModule, RuleSetRule, sources } from '@rspack/core';
import type { BundledAsset, ExtractedAsset } from '../../assets/bundled-assets.ts';
import { standInOf } from '../../assets/compiler-source.ts';
import { MODULES } from '../../assets/options.ts';
import { isOnDisk } from '../../compilers/compiler.ts';
import { ImportedFiles, pathsOf } from '../../compilers/imported-files.ts';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { STAND_IN_OF, type StandInOf } from '../../rspack-loader.ts';

// The plugin uses the built loader also if it runs from source, because Node.js 20 cannot run TypeScript.
const LOADER = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../../dist/rspack-loader.js' : './rspack-loader.js',
    import.meta.url,
  ),
);

/** A stage before other plugins process assets. */
const FIRST = -100_000;
/** The size, in bytes, up to which Rspack inlines by default. */
const DEFAULT_LIMIT = 8096;

type Source = sources.Source;

/** The method by which Rspack returns the content of an asset. Its types do not declare it. */
interface Contents {
  __internal__getAssetSource?: (name: string) => Source | undefined;
}

/**
 * A loader returns a stand-in before Rspack reads a file, and Rspack names the stand-in. Plugins in JavaScript that
 * ask for its content get the content of the file. The stand-in is deleted before Rspack writes, because Rspack can
 * write only what it has in memory.
 */
export class RspackImports extends ImportedFiles {
  readonly #compiler: Compiler;
  /** Whether Rspack gets stand-ins. If the output is in memory, Rspack handles all files itself. */
  #isActive = false;
  /**
   * The size, in bytes, up to which Rspack may inline a module of the type `asset`. Undefined if it has to see the
   * content.
   */
  #limit: number | undefined;
  /** The sources of files, by stand-in. */
  readonly #revealed = new Map<string, Source>();

  /** Undefined without the option `assets`, or if another instance of the plugin handles imported files. */
  static of(compiler: Compiler, options: ResolvedOptions): RspackImports | undefined {
    return options.assets && !(STAND_IN_OF in compiler) ? new RspackImports(compiler, options) : undefined;
  }

  private constructor(compiler: Compiler, options: ResolvedOptions) {
    super(compiler as never, options);
    this.#compiler = compiler;
    const standInOf: StandInOf = (context) => this.#standInFor(context);
    Object.assign(compiler, { [STAND_IN_OF]: standInOf });
    // Content that goes through a loader is copied to the JavaScript heap: only files that will be copied may match.
    const isSelected = (file: string) => this.#isActive && this.assets?.selection.find(file) !== undefined;
    compiler.options.module.rules.push({
      resource: { and: [{ not: MODULES }, isSelected] },
      use: [{ loader: LOADER }],
    });
    compiler.hooks.thisCompilation.tap(NAME, (compilation) => this.#reveal(compilation));
  }

  protected override async begin(): Promise<void> {
    this.#isActive = await isOnDisk(this.#compiler);
    this.#limit = inlineLimitOf(this.#compiler);
    await super.begin();
  }

  async #standInFor(context: LoaderContext): Promise<Buffer | undefined> {
    const { _module: module, resourcePath: file, loaders } = context;
    const limit = module.type === 'asset/resource' ? 0 : module.type === 'asset' ? this.#limit : undefined;
    const isSeen = loaders.length > 1 || (module as NormalModule).matchResource !== undefined;
    const standIn = this.#isActive && !isSeen ? await this.standInOf(file, limit, context) : undefined;
    if (!standIn) return undefined;
    this.#remember(standIn, this.assets!.standsFor(textOf(standIn))!);
    // Rspack's caches do not notice each change of the file, for example not of one in a package. So Rspack asks again
    // in each build, and the file is not read again for that.
    context.cacheable(false);
    return standIn;
  }

  #remember(standIn: Buffer, asset: BundledAsset): void {
    this.#revealed.set(textOf(standIn), this.sourceOf(asset) as Source);
  }

  /** Makes Rspack return the content of the file to plugins that ask for the content of a stand-in. */
  #reveal(compilation: Compilation): void {
    const contents = compilation as Contents;
    const original = contents.__internal__getAssetSource?.bind(compilation);
    if (!original) {
      this.#isActive = false;
      return;
    }
    const contentOf = (source: Source) => {
      const standIn = standInOf(source as never);
      return standIn && this.#revealed.get(textOf(standIn));
    };
    contents.__internal__getAssetSource = (name) => {
      const source = original(name);
      return source && (contentOf(source) ?? source);
    };
    const update = compilation.updateAsset.bind(compilation);
    compilation.updateAsset = (name, given, info) => {
      const source = typeof given === 'function' ? contents.__internal__getAssetSource!(name) : undefined;
      const isOurs = source !== undefined && this.assetOf(source) !== undefined;
      const changed = isOurs ? (given as (source: Source) => Source)(source) : undefined;
      update(name, isOurs ? (changed === source ? (same: Source) => same : changed!) : given, info);
    };
    compilation.hooks.processAssets.tapPromise({ name: NAME, stage: FIRST }, () =>
      this.#restore(compilation, original),
    );
  }

  /** Finds the files of stand-ins from Rspack's cache. A build that wrote to the disk may have added them. */
  async #restore(compilation: Compilation, read: (name: string) => Source | undefined): Promise<void> {
    for (const { name, file } of this.#selectedIn(compilation)) {
      const source = read(name);
      const standIn = source && standInOf(source as never);
      if (!standIn || (this.#isActive && this.#revealed.has(textOf(standIn)))) continue;
      const asset = await this.restore(compilation, name, standIn, file);
      if (!asset) continue;
      this.#remember(standIn, asset);
      const { RawSource } = this.#compiler.webpack.sources;
      if (!this.#isActive)
        compilation.updateAsset(name, new RawSource(this.assets!.contentOf(asset) as Buffer));
    }
  }

  /** The assets of selected files. To read the contents of all assets would copy them to the JavaScript heap. */
  *#selectedIn(compilation: Compilation): Generator<{ name: string; file: string }> {
    if (!this.assets) return;
    for (const { name, info } of compilation.getAssets()) {
      if (info.sourceFilename === undefined) continue;
      const file = path.resolve(this.#compiler.context, info.sourceFilename);
      if (pathsOf(file).some((each) => this.assets!.selection.matches(each))) yield { name, file };
    }
  }

  /** The imported files among the assets of a compilation that no plugin has changed. */
  in(compilation: Compilation): ExtractedAsset[] {
    if (!this.#isActive) return [];
    return [...this.#selectedIn(compilation)].flatMap(({ name }) => {
      const asset = this.assetOf(compilation.getAsset(name)?.source);
      return asset ? [{ ...asset, name }] : [];
    });
  }
}

/** The text of a stand-in without the padding. */
function textOf(standIn: Buffer): string {
  return standIn.toString().trimEnd();
}

/** The largest limit in the config, because Rspack does not tell which limit applies to a module. */
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
