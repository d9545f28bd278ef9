import { ignoresCase } from 'fs-reflink/host';
import type { AssetInfo, Compilation } from 'webpack';
import type { CompilationLog } from '../../compilers/compiler.ts';
import { collisionMessage, nameTaken } from '../../output/collisions.ts';
import { contenderOf, winnerOverBundle } from '../../output/winner.ts';
import { relativeName } from '../../targets/targets.ts';
import type { FileAsset } from './listing.ts';

/** The files that are copied or skipped when the compilation is written. */
export interface FinalAssets {
  /** The assets that no plugin has changed or deleted. Includes imported files, but no links. */
  ours: FileAsset[];
  /** Absolute paths of destinations that the copy must skip. */
  left: string[];
  /** Absolute paths of files whose collision with the bundle was reported. */
  reported: readonly string[];
}

interface AssetSettings {
  files: readonly FileAsset[];
  /** Imported files. The bundle has them as assets already. */
  imported: readonly FileAsset[];
  directory: string;
  log: CompilationLog;
}

/** The files of one compilation as its assets, from the stage that adds assets until webpack writes them. */
export class CompilationAssets {
  readonly #compilation: Compilation;
  readonly #settings: AssetSettings;
  /** The files that the bundle has not replaced, by name. */
  readonly #ours = new Map<string, FileAsset>();
  readonly #reported: string[] = [];

  /** Adds each file as an asset, unless the bundle has an asset of the same name that is kept. */
  constructor(compilation: Compilation, settings: AssetSettings) {
    this.#compilation = compilation;
    this.#settings = settings;
    const { files, imported, directory } = settings;
    const { context } = compilation.compiler;
    const spell = ignoresCase(directory) ? (name: string) => name.toLowerCase() : (name: string) => name;
    const bundle = new Map(Object.keys(compilation.assets).map((name) => [spell(name), name]));
    for (const asset of files) {
      const { name, source, file } = asset;
      const existing = bundle.get(spell(name));
      if (existing !== undefined && !this.#wins(asset, existing)) continue;
      if (existing !== undefined && (file.link || existing !== name)) compilation.deleteAsset(existing);
      this.#ours.set(name, asset);
      if (file.link) continue;
      const info = infoOf(asset, context);
      if (existing === name) compilation.updateAsset(name, source, () => info);
      else compilation.emitAsset(name, source, info);
    }
    this.#watchBundle(spell);
    for (const each of imported) this.#ours.set(each.name, each);
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

  /** Whether a file replaces the bundle's asset of the same name. Warns about the collision, or fails the build. */
  #wins({ given: { kind, target }, file, name }: FileAsset, existing: string): boolean {
    this.#reported.push(file.destination);
    const ours = contenderOf(kind === 'public' ? undefined : target);
    const winner = kind === 'pattern' ? 'error' : winnerOverBundle(ours);
    if (winner === 'error') {
      const refused = `copying '${file.source}' to '${name}' would replace an asset of the compilation`;
      this.#settings.log.fail(kind === 'pattern' ? refused : nameTaken(file, 'bundle'));
      return false;
    }
    const kept = winner === 'ours' ? ours.origin : winner;
    this.#settings.log.warn(collisionMessage(existing, [ours.origin, 'bundle'], kept));
    return winner === 'ours';
  }

  /** The assets that no plugin has changed or deleted. Includes imported files, but no links. */
  untouched(): FileAsset[] {
    const { assets } = this.#compilation;
    return [...this.#ours.values()].filter(({ name, source }) => assets[name] === source);
  }

  /** Call this when no plugin changes assets any more. */
  final(): FinalAssets {
    const ours = this.untouched();
    const untouched = new Set(ours);
    const left = this.#settings.files.filter((asset) =>
      asset.file.link ? !this.#ours.has(asset.name) : !untouched.has(asset),
    );
    return { ours, left: left.map(({ file }) => file.destination), reported: this.#reported };
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
  return {
    copied: true,
    sourceFilename: relativeName(context, file.source),
    // webpack sets the size of assets that it writes. This getter delays the stat call until the size is needed.
    get size() {
      return source.size();
    },
    ...(!minimize && { minimized: true }),
    ...ofName,
    ...(typeof info === 'function' ? info({ source: file.source, name }) : info),
  };
}
