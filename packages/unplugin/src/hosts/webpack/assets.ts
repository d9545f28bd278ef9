import fs from 'node:fs';
import { ignoresCase } from 'fs-reflink/host';
import type { AssetInfo, Compilation } from 'webpack';
import type { CompilationLog } from '../../compilers/compiler.ts';
import { checkAnswer } from '../../options/resolve-options.ts';
import { collisionMessage, nameTaken } from '../../output/collisions.ts';
import { BUNDLE, type Contender, contenderOf, winnerOf } from '../../output/winner.ts';
import { statsOf } from '../../targets/stats.ts';
import { relativeName } from '../../targets/targets.ts';
import type { FileAsset, Listing } from './listing.ts';

/** By compilation: the files that instances of the plugin have added to its assets, by name. */
const added = new WeakMap<Compilation, Map<string, FileAsset>>();

/** The files of one compilation as its assets, from the stage that adds assets until webpack writes them. */
export class CompilationAssets {
  readonly #compilation: Compilation;
  readonly listing: Listing;
  readonly #log: CompilationLog;
  /** The files that the bundle has not replaced, by name. */
  readonly #ours = new Map<string, FileAsset>();
  /** Absolute paths of files whose collision with the bundle was reported. */
  readonly reported: string[] = [];

  /**
   * Adds each file as an asset, unless there is an asset of the same name that is kept. `imported` are imported
   * files, which the bundle has as assets already.
   */
  constructor(
    compilation: Compilation,
    listing: Listing,
    imported: readonly FileAsset[],
    log: CompilationLog,
  ) {
    this.#compilation = compilation;
    this.listing = listing;
    this.#log = log;
    const { context } = compilation.compiler;
    const spell = ignoresCase(listing.directory)
      ? (name: string) => name.toLowerCase()
      : (name: string) => name;
    const before = new Map(Object.keys(compilation.assets).map((name) => [spell(name), name]));
    const ofInstances = added.get(compilation) ?? new Map<string, FileAsset>();
    added.set(compilation, ofInstances);
    const contenderAt = (name: string): Contender => {
      const earlier = ofInstances.get(name);
      return earlier && compilation.assets[name] === earlier.source ? contenderFor(earlier) : BUNDLE;
    };
    for (const asset of listing.assets) {
      const { name, source, file } = asset;
      const existing = before.get(spell(name));
      if (existing !== undefined && !this.#wins(asset, existing, contenderAt(existing))) continue;
      if (existing !== undefined && (file.link || existing !== name)) compilation.deleteAsset(existing);
      this.#ours.set(name, asset);
      if (file.link) continue;
      ofInstances.set(name, asset);
      const info = infoOf(asset, context);
      if (existing === name) compilation.updateAsset(name, source, () => info);
      else compilation.emitAsset(name, source, info);
    }
    this.#watchBundle(spell);
    for (const each of imported)
      if (compilation.assets[each.name] === each.source) this.#ours.set(each.name, each);
  }

  /**
   * Decides about assets that are emitted later under the name of a file: such an asset replaces the file or is
   * dropped. webpack itself would read both, and report an error if their contents differ.
   */
  #watchBundle(spell: (name: string) => string): void {
    const compilation = this.#compilation;
    const bySpelling = new Map([...this.#ours.values()].map((asset) => [spell(asset.name), asset]));
    const emitAsset = compilation.emitAsset.bind(compilation);
    compilation.emitAsset = (name, source, info) => {
      const asset = bySpelling.get(spell(name));
      if (asset && this.#isUntouched(asset)) {
        if (this.#wins(asset, name)) return;
        this.#ours.delete(asset.name);
        if (!asset.file.link) compilation.deleteAsset(asset.name);
      }
      emitAsset(name, source, info);
    };
  }

  #isUntouched({ name, source, file }: FileAsset): boolean {
    return this.#ours.has(name) && (file.link || this.#compilation.assets[name] === source);
  }

  /**
   * Whether a file replaces an asset of the same name: the bundle's, or one of an instance of the plugin that is
   * earlier in the config. Warns about the collision, or fails the build.
   */
  #wins(asset: FileAsset, existing: string, earlier = BUNDLE): boolean {
    const { given, file, name } = asset;
    this.reported.push(file.destination);
    const ours = contenderFor(asset);
    const winner = winnerOf(earlier, ours);
    if (given.pattern || winner === 'error') {
      const refused = `copying '${file.source}' to '${name}' would replace an asset of the compilation`;
      this.#log.fail(given.pattern ? refused : nameTaken(file, earlier.origin));
      return false;
    }
    const { origin } = winner === 'later' ? ours : earlier;
    // As within one instance, there is no warning if a later file replaces an earlier one of the same origin.
    if (ours.origin !== earlier.origin)
      this.#log.warn(collisionMessage(existing, [ours.origin, earlier.origin], origin));
    return winner === 'later';
  }

  /** The assets that no plugin has changed or deleted. Includes imported files, but no links. */
  untouched(): FileAsset[] {
    const { assets } = this.#compilation;
    return [...this.#ours.values()].filter(({ name, source }) => assets[name] === source);
  }

  /** The files that the copy must skip, because the bundle has their names or a plugin has changed them. */
  left(): FileAsset[] {
    return this.listing.assets.filter((asset) => !this.#isUntouched(asset));
  }

  /**
   * Removes from the assets what is no longer a file since it was listed: webpack would read it, and its error would
   * end the process.
   */
  dropMissing(): void {
    // Of a link that leads to itself there is no status: `statsOf` throws.
    const isFile = (source: string) => fs.existsSync(source) && statsOf(source)?.isFile();
    this.detach(this.untouched().filter(({ file }) => !isFile(file.source)));
  }

  /** Removes assets that webpack must not write. Returns a function that restores them. */
  detach(copied: readonly Pick<FileAsset, 'name' | 'source'>[]): () => void {
    const compilation = this.#compilation;
    const names = new Set(copied.map(({ name }) => name));
    const { assets } = compilation;
    const others = Object.keys(assets).filter((name) => !names.has(name));
    // Replaces the object, because webpack warns about changes of the existing one at this stage.
    compilation.assets = Object.fromEntries(others.map((name) => [name, assets[name]!]));
    return () => {
      for (const { name, source } of copied) compilation.assets[name] = source;
    };
  }
}

/** The asset info of a file. `context` is the directory that the names of sources are relative to. */
export function infoOf({ name, file, given, source, info: ofName }: FileAsset, context: string): AssetInfo {
  // Minimizers skip assets that are marked as minimized: by default the scripts, which so stay unchanged.
  const { minimize = !/\.[cm]?js$/i.test(name), info } = given.asset ?? {};
  const ofUser =
    typeof info === 'function' ? checkAnswer(info({ source: file.source, name }), 'webpack', 'info') : info;
  return {
    copied: true,
    sourceFilename: relativeName(context, file.source),
    // webpack sets the size of assets that it writes. This getter delays the stat call until the size is needed.
    get size() {
      return source.size();
    },
    ...(!minimize && { minimized: true }),
    ...ofName,
    ...ofUser,
  };
}

function contenderFor({ given: { origin, target } }: FileAsset): Contender {
  return contenderOf(origin === 'public' ? undefined : target);
}
