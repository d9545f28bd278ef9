import fs from 'node:fs';
import path from 'node:path';
import { CopyError } from 'fs-reflink/host';
import { brief } from '../output/brief-error.ts';
import { assetHashesFile } from '../output/cache.ts';
import { ContentHashes, hashContent } from './content-hashes.ts';
import type { ResolvedAssets } from './options.ts';
import { AssetSelection, type SelectedFile, stateOf } from './selection.ts';
import { STAND_IN_BYTES, standInFor } from './stand-in.ts';

/** An imported file that the engine copies. */
export interface BundledAsset extends SelectedFile {
  /** The XXH64 of the content: 16 hexadecimal digits. */
  hash: string;
}

/** A file that the engine copies under the name that the bundler gave to its stand-in. */
export interface ExtractedAsset extends BundledAsset {
  /** Relative to the output directory. */
  name: string;
}

/** The parts of the bundle in `generateBundle`, and of the `this` of that hook, that are used here. */
export type Bundle = Record<
  string,
  { type: string; source?: string | Uint8Array; originalFileNames?: readonly string[] }
>;
export interface BundleContext {
  getFileName(reference: string): string;
}

/**
 * The imported files of one build that the engine copies. The bundler gets a stand-in for each of them, and names it.
 * The stand-in is removed from the bundle before the bundler writes, so it is never written. Other plugins find the
 * content in its place.
 */
export class BundledAssets {
  readonly selection: AssetSelection;
  readonly #hashes: ContentHashes;
  readonly #byStandIn = new Map<string, BundledAsset>();
  /** The bundler's references to stand-ins, of all outputs of the build. */
  readonly #references = new Set<string>();
  /** By output directory: the files that were removed from bundles. */
  readonly #extracted = new Map<string, ExtractedAsset[]>();

  /** `root` is the directory that globs are relative to. */
  constructor(options: ResolvedAssets, root: string, cacheDirectory: string) {
    this.selection = new AssetSelection(options, root);
    this.#hashes = new ContentHashes(assetHashesFile(cacheDirectory));
  }

  /**
   * Returns the stand-in of a file that the engine copies: a few bytes, which are the same only for the same content.
   * Returns undefined if the bundler handles the file.
   */
  async standInOf(file: string): Promise<string | undefined> {
    const selected = this.selection.find(file);
    if (!selected) return undefined;
    const hash = await this.#hashes.hashOf(selected);
    const standIn = standInFor(selected.size, hash);
    this.#byStandIn.set(standIn, { ...selected, hash });
    return standIn;
  }

  /**
   * Finds the file of a stand-in that comes from the bundler's cache, where an earlier build may have put it. `paths`
   * are the paths that the file may have. Returns undefined if the file is missing or has another content now.
   */
  async restore(content: Uint8Array, paths: readonly string[]): Promise<BundledAsset | undefined> {
    const standIn = Buffer.from(content).toString().trimEnd();
    for (const file of paths) {
      const found = stateOf(file);
      if (!found) continue;
      const selected = { file: fs.realpathSync.native(file), ...found };
      const hash = await this.#hashes.hashOf(selected);
      if (standIn === standInFor(found.size, hash)) return { ...selected, hash };
    }
    return undefined;
  }

  /** Call this when a stand-in was given to the bundler. */
  emitted(reference: string): void {
    this.#references.add(reference);
  }

  /** Makes the next plugin find contents in place of stand-ins in the bundle. They are read when it accesses them. */
  reveal(context: BundleContext, bundle: Bundle): void {
    for (const { item, asset } of this.#standInsIn(context, bundle)) {
      const content = () => this.contentOf(asset);
      shown.set(content, asset);
      Object.defineProperty(item, 'source', {
        get: content,
        set(value: string | Uint8Array) {
          Object.defineProperty(item, 'source', { value, writable: true });
        },
        enumerable: true,
        configurable: true,
      });
    }
  }

  /**
   * Call this when all plugins have seen the bundle of an output. Removes the files that the engine copies from the
   * bundle, except those that another plugin has changed or deleted. If the engine copies nothing (`isCopied` is
   * false), this puts the contents into the bundle.
   */
  extract(context: BundleContext, bundle: Bundle, directory: string, isCopied: boolean): ExtractedAsset[] {
    const extracted: ExtractedAsset[] = [];
    for (const { name, item, asset } of this.#standInsIn(context, bundle, true)) {
      if (!isCopied) {
        item.source = this.contentOf(asset);
        continue;
      }
      delete bundle[name];
      extracted.push({ ...asset, name });
    }
    this.keep(directory, extracted);
    return extracted;
  }

  /**
   * Removes files that the bundler has read from the bundle, so that the engine copies them. Removes only those that
   * still have the content of the file that the bundle names as their origin. Such names are relative to `root`.
   */
  async extractRead(bundle: Bundle, directory: string, root: string): Promise<ExtractedAsset[]> {
    const extracted: ExtractedAsset[] = [];
    for (const [name, item] of Object.entries(bundle)) {
      if (item.type !== 'asset') continue;
      const selected = (item.originalFileNames ?? []).flatMap(
        (each) => this.selection.find(path.resolve(root, each)) ?? [],
      )[0];
      if (!selected) continue;
      const source = item.source as string | Uint8Array;
      if (Buffer.byteLength(source) !== selected.size) continue;
      const hash = await this.#hashes.hashOf(selected);
      if (hash !== (await hashContent(source))) continue;
      delete bundle[name];
      extracted.push({ ...selected, hash, name });
    }
    this.keep(directory, extracted);
    return extracted;
  }

  /** Call this when the engine is going to copy these files into an output directory, in place of their stand-ins. */
  keep(directory: string, extracted: readonly ExtractedAsset[]): void {
    this.#extracted.set(directory, [...(this.#extracted.get(directory) ?? []), ...extracted]);
    this.#hashes.save();
  }

  /**
   * Call this after the files of an output directory are copied. Checks that their contents are those that were
   * hashed, because their names contain the hashes.
   *
   * @throws {CopyError} with `ERR_SOURCE_CHANGED`
   */
  async verify(directory: string): Promise<void> {
    for (const { file, name, state, hash } of this.#extracted.get(directory) ?? []) {
      const now = stateOf(file);
      if (now?.state.key === state.key) continue;
      // A new hard link or another mode changes the state, but not the content.
      if (now && (await this.#hashes.hashOf({ file, state: now.state })) === hash) continue;
      throw changedSince(file, path.join(directory, name));
    }
  }

  /** Reads the content for another plugin, or for a bundle in memory. Throws if the file has changed since its hash. */
  contentOf({ file, state }: BundledAsset): Uint8Array {
    const content = fs.readFileSync(file);
    if (stateOf(file)?.state.key === state.key) return content;
    throw changedSince(file);
  }

  *#standInsIn(context: BundleContext, bundle: Bundle, isLast = false) {
    const names = new Set([...this.#references].flatMap((each) => nameOf(context, each) ?? []));
    for (const name of names) {
      const item = bundle[name];
      if (item?.type !== 'asset') continue;
      const asset = this.#standsFor(item, isLast);
      if (asset) yield { name, item, asset };
    }
  }

  /** Does not read the property itself: Rolldown's asset is a proxy that remembers which properties were read. */
  #standsFor(item: object, isLast: boolean): BundledAsset | undefined {
    const { value, get } = Object.getOwnPropertyDescriptor(item, 'source') ?? {};
    const revealed = get && shown.get(get);
    if (revealed) return isLast ? revealed : undefined;
    return this.standsFor(get ? get.call(item) : value);
  }

  /** The file that a content stands for, if it is a stand-in of this build. */
  standsFor(content: unknown): BundledAsset | undefined {
    if (typeof content === 'string') return this.#byStandIn.get(content);
    const isShort = content instanceof Uint8Array && content.byteLength < STAND_IN_BYTES;
    return isShort ? this.#byStandIn.get(Buffer.from(content).toString()) : undefined;
  }
}

/** Getters that return the contents of files, with their files. */
const shown = new WeakMap<() => unknown, BundledAsset>();

/** Returns undefined if the file is in the bundle of another output or of another build. */
function nameOf(context: BundleContext, reference: string): string | undefined {
  try {
    return context.getFileName(reference);
  } catch {
    return undefined;
  }
}

function changedSince(source: string, destination?: string): CopyError {
  const reason = 'it changed after the bundler had named it by its content; build again';
  return brief(new CopyError({ code: 'ERR_SOURCE_CHANGED', reason, source, destination }));
}
