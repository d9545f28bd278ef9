import { ignoresCase } from 'fs-reflink/host';
import type { Compilation } from 'webpack';
import { bundleExists, collisionMessage } from '../../collisions.ts';
import type { Listing, PlacedAsset } from './listing.ts';

/** What becomes of the files when the compilation is written. */
export interface FinalAssets {
  /** Those that nobody made something else of, or took away. */
  ours: PlacedAsset[];
  /** Where nothing of ours must go: absolute paths. */
  left: string[];
  /** Of which files the user was told that the bundle has them too: absolute paths. */
  told: readonly string[];
}

/** The files of one compilation as its assets, from where webpack makes its list of them to where it writes them. */
export class CompilationAssets {
  readonly #compilation: Compilation;
  readonly #listing: Listing;
  /** What did not have to give way to the bundle, by name. */
  readonly #ours = new Map<string, PlacedAsset>();
  readonly #told: string[] = [];
  /** webpack's own. */
  #emit: Compilation['emitAsset'];
  readonly #hidden = new Map<string, Pick<PlacedAsset, 'source' | 'info'>>();

  constructor(compilation: Compilation, listing: Listing) {
    this.#compilation = compilation;
    this.#listing = listing;
    this.#emit = compilation.emitAsset.bind(compilation);
  }

  /** Makes assets of all files that the bundle has none of the same name for, or that win over it. */
  emit(directory: string, warn: (message: string) => void): void {
    const compilation = this.#compilation;
    const spell = ignoresCase(directory) ? (name: string) => name.toLowerCase() : (name: string) => name;
    this.#yieldTo(spell, warn);
    const bundle = new Map(Object.keys(compilation.assets).map((name) => [spell(name), name]));
    for (const asset of [...this.#listing.assets, ...this.#listing.links]) {
      const { name, source, info, file } = asset;
      const existing = bundle.get(spell(name));
      if (existing !== undefined) this.#told.push(file.destination);
      if (existing !== undefined && !this.#wins(asset, existing, warn)) continue;
      if (existing !== undefined && (file.link || existing !== name)) compilation.deleteAsset(existing);
      this.#ours.set(name, asset);
      if (file.link) continue;
      if (existing === name) compilation.updateAsset(name, source, () => info);
      else this.#emit(name, source, info);
    }
  }

  /**
   * What the bundle gets from now on under a name of ours, it gets in the place of ours, or not at all. webpack itself
   * would read both, and take two different contents for an error.
   */
  #yieldTo(spell: (name: string) => string, warn: (message: string) => void): void {
    const compilation = this.#compilation;
    const emitAsset = this.#emit;
    let byName: Map<string, PlacedAsset> | undefined;
    compilation.emitAsset = (name, source, info) => {
      byName ??= new Map([...this.#ours.values()].map((asset) => [spell(asset.name), asset]));
      const asset = byName.get(spell(name));
      if (asset && this.#isUntouched(asset)) {
        this.#told.push(asset.file.destination);
        if (this.#wins(asset, name, warn)) return;
        this.#ours.delete(asset.name);
        if (!this.#hidden.delete(asset.name) && !asset.file.link) compilation.deleteAsset(asset.name);
      }
      emitAsset(name, source, info);
    };
  }

  #isUntouched({ name, source, file }: PlacedAsset): boolean {
    const isThere = file.link || this.#hidden.has(name) || this.#compilation.assets[name] === source;
    return this.#ours.has(name) && isThere;
  }

  #wins(
    { given: { kind, target }, file, name }: PlacedAsset,
    existing: string,
    warn: (message: string) => void,
  ): boolean {
    const { WebpackError } = this.#compilation.compiler.webpack;
    const refuse = (message: string) => void this.#compilation.errors.push(new WebpackError(message));
    if (kind === 'pattern') {
      refuse(
        `unplugin-reflink: copying '${file.source}' to '${name}' would replace an asset of the compilation`,
      );
      return false;
    }
    if (target.overwrite === 'error') {
      refuse(`unplugin-reflink: ${bundleExists(file).message}`);
      return false;
    }
    const wins = kind === 'target' && target.overwrite !== false;
    warn(collisionMessage(existing, kind === 'target' ? target : undefined, wins));
    return wins;
  }

  /** For as long as names with hashes of their contents are looked for, which reads all assets. */
  hide(): void {
    const { assets, assetsInfo } = this.#compilation;
    for (const { name, source, info } of this.untouched()) {
      this.#hidden.set(name, { source, info: assetsInfo.get(name) ?? info });
      delete assets[name];
      assetsInfo.delete(name);
    }
  }

  show(): void {
    for (const [name, { source, info }] of this.#hidden) this.#emit(name, source, info);
    this.#hidden.clear();
  }

  /** Files that nobody made something else of, or took away. */
  untouched(): PlacedAsset[] {
    const { assets } = this.#compilation;
    return [...this.#ours.values()].filter(({ name, source }) => assets[name] === source);
  }

  /** What is ours and what is not, when nobody changes assets any more. */
  final(): FinalAssets {
    const { assets, links } = this.#listing;
    const ours = this.untouched();
    const untouched = new Set(ours);
    const kept = (asset: PlacedAsset) =>
      asset.file.link ? this.#ours.has(asset.name) : untouched.has(asset);
    const left = [...assets, ...links].filter((asset) => !kept(asset)).map(({ file }) => file.destination);
    return { ours, left, told: this.#told };
  }

  /** Takes assets away, that webpack must not write. Returns how to put them back. */
  detach(gone: readonly PlacedAsset[]): () => void {
    const compilation = this.#compilation;
    const names = new Set(gone.map(({ name }) => name));
    const { assets } = compilation;
    const others = Object.keys(assets).filter((name) => !names.has(name));
    // A new object: webpack complains about changes of this one by now.
    compilation.assets = Object.fromEntries(others.map((name) => [name, assets[name]!]));
    return () => {
      for (const { name, source } of gone) compilation.assets[name] = source;
    };
  }
}
