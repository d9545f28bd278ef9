import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Compilation, Compiler, LoaderContext, NormalModule, RuleSetRule, sources } from '@rspack/core';
import type { BundledAsset, ExtractedAsset } from '../../assets/bundled-assets.ts';
import { standInOf } from '../../assets/compiler-source.ts';
import { MODULES } from '../../assets/options.ts';
import { isOnDisk } from '../../compilers/compiler.ts';
import { ImportedFiles } from '../../compilers/imported-files.ts';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
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
 * A loader answers with a stand-in before Rspack reads a file, and Rspack names that. Plugins in JavaScript that ask for its
 * content get that of the file. Before Rspack writes, it is deleted, because Rspack writes only what it has in memory.
 */
export class RspackImports extends ImportedFiles {
  readonly #compiler: Compiler;
  /** Whether it gives stand-ins to Rspack: an output in memory gets all files from Rspack. */
  #isActive = false;
  /** Up to which size Rspack inlines a module of the type `asset`; undefined: it has to see the content. In bytes. */
  #limit: number | undefined;
  /** By stand-in. */
  readonly #revealed = new Map<string, Source>();

  /** Undefined where another instance of the plugin has done it. */
  static of(compiler: Compiler, options: ResolvedOptions): RspackImports | undefined {
    return options.assets && !(STAND_IN_OF in compiler) ? new RspackImports(compiler, options) : undefined;
  }

  private constructor(compiler: Compiler, options: ResolvedOptions) {
    super(compiler as never, options);
    this.#compiler = compiler;
    const standInOf: StandInOf = (context) => this.#standInFor(context);
    Object.assign(compiler, { [STAND_IN_OF]: standInOf });
    // What goes through a loader passes the heap: nothing but files that are to be copied may match.
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
    if (standIn) this.#remember(standIn, this.assets!.standsFor(textOf(standIn))!);
    return standIn;
  }

  #remember(standIn: Buffer, asset: BundledAsset): void {
    this.#revealed.set(textOf(standIn), this.sourceOf(asset) as Source);
  }

  /** Whoever asks for the content of a stand-in gets that of the file. */
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

  /** Stand-ins that are in Rspack's cache, which may be that of a build to the disk. */
  async #restore(compilation: Compilation, read: (name: string) => Source | undefined): Promise<void> {
    for (const { name, file } of this.#selectedIn(compilation)) {
      const source = read(name);
      const standIn = source && standInOf(source as never);
      if (!standIn || (this.#isActive && this.#revealed.has(textOf(standIn)))) continue;
      const asset = await this.restore(compilation, name, standIn, file);
      if (!asset) continue;
      this.#remember(standIn, asset);
      const { RawSource } = this.#compiler.webpack.sources;
      if (!this.#isActive) compilation.updateAsset(name, new RawSource(this.read!(asset) as Buffer));
    }
  }

  /** Others are not asked for their contents, which would copy these. */
  *#selectedIn(compilation: Compilation): Generator<{ name: string; file: string }> {
    if (!this.assets) return;
    for (const { name, info } of compilation.getAssets()) {
      if (info.sourceFilename === undefined) continue;
      const file = path.resolve(this.#compiler.context, info.sourceFilename);
      if (this.assets.selection.matches(file) || this.assets.selection.matches(file.replace(/[?#].*$/, '')))
        yield { name, file };
    }
  }

  /** Those that are assets of a compilation and that nobody has changed. */
  in(compilation: Compilation): ExtractedAsset[] {
    if (!this.#isActive) return [];
    return [...this.#selectedIn(compilation)].flatMap(({ name }) => {
      const asset = this.assetOf(compilation.getAsset(name)?.source);
      return asset ? [{ ...asset, name }] : [];
    });
  }
}

/** Without the spaces that make it longer. */
function textOf(standIn: Buffer): string {
  return standIn.toString().trimEnd();
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
