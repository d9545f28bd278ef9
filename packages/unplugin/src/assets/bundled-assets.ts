import fs from 'node:fs';
import path from 'node:path';
import { CopyError } from 'fs-reflink/host';
import { assetHashesFile } from '../output/cache.ts';
import { ContentHashes, hashContent } from './content-hashes.ts';
import type { ResolvedAssets } from './options.ts';
import { AssetSelection, type SelectedFile, stateOf } from './selection.ts';
import { STAND_IN_BYTES, standInFor } from './stand-in.ts';

/** An imported file that the engine copies. */
export interface BundledAsset extends SelectedFile {
  /** Of the content. */
  hash: string;
}

/** A file that the engine copies under the name that the bundler gave to its stand-in. */
export interface ExtractedAsset extends BundledAsset {
  /** Relative to the output directory. */
  name: string;
}

/** What is used of the bundle in `generateBundle`, and of the `this` of that hook. */
export type Bundle = Record<
  string,
  { type: string; source?: string | Uint8Array; originalFileNames?: readonly string[] }
>;
export interface BundleContext {
  getFileName(reference: string): string;
}

/**
 * The imported files of one build that the engine copies. The bundler gets a stand-in for each, names it, and gives it
 * up before it writes: a stand-in is never written. Other plugins find the content in its place.
 */
export class BundledAssets {
  readonly #selection: AssetSelection;
  readonly #hashes: ContentHashes;
  readonly #byStandIn = new Map<string, BundledAsset>();
  /** The bundler's references to stand-ins, of all outputs of the build. */
  readonly #references = new Set<string>();
  /** By output directory: what was taken out of bundles. */
  readonly #extracted = new Map<string, ExtractedAsset[]>();

  /** `root` is the directory that globs are relative to. */
  constructor(options: ResolvedAssets, root: string, cacheDirectory: string) {
    this.#selection = new AssetSelection(options, root);
    this.#hashes = new ContentHashes(assetHashesFile(cacheDirectory));
  }

  /** The file if the engine copies it. `file` is an absolute path. */
  find(file: string): SelectedFile | undefined {
    return this.#selection.find(file);
  }

  /** Whether the engine may copy a file, by its path, whether it is there or not. */
  matches(file: string): boolean {
    return this.#selection.matches(file);
  }

  /**
   * The stand-in of a file that the engine copies: a few bytes, the same for the same content and no other. Undefined: the
   * file is the bundler's.
   */
  async standInOf(file: string): Promise<string | undefined> {
    const selected = this.#selection.find(file);
    if (!selected) return undefined;
    const hash = await this.#hashes.hashOf(selected);
    const standIn = standInFor(selected.size, hash);
    this.#byStandIn.set(standIn, { ...selected, hash });
    return standIn;
  }

  /**
   * The file that a content stands for, which an earlier build may have given to the bundler, as the bundler's cache has it.
   * `name` may be followed by a query. Undefined: the file is missing, or has another content by now.
   */
  async restore(content: Uint8Array, name: string): Promise<BundledAsset | undefined> {
    const standIn = Buffer.from(content).toString().trimEnd();
    for (const file of new Set([name, name.replace(/[?#].*$/, '')])) {
      const found = stateOf(file);
      if (!found) continue;
      const selected = { file: fs.realpathSync.native(file), ...found };
      const hash = await this.#hashes.hashOf(selected);
      if (standIn === standInFor(found.size, hash)) return { ...selected, hash };
    }
    return undefined;
  }

  /** A stand-in was given to the bundler. */
  emitted(reference: string): void {
    this.#references.add(reference);
  }

  /** Lets whoever looks into the bundle next find contents in place of stand-ins, read when they are asked for. */
  reveal(context: BundleContext, bundle: Bundle): void {
    for (const { item, asset } of this.#standInsIn(context, bundle)) {
      const content = () => contentOf(asset);
      shown.set(content, asset);
      Object.defineProperty(item, 'source', {
        get: content,
        set(value: string | Uint8Array) {
          Object.defineProperty(item, 'source', {
            value,
            writable: true,
            enumerable: true,
            configurable: true,
          });
        },
        enumerable: true,
        configurable: true,
      });
    }
  }

  /**
   * All plugins have seen the bundle of an output. Takes the files that the engine copies out of it, but not those that
   * another plugin has changed or deleted. Where the engine copies nothing, the bundle gets the contents.
   */
  extract(context: BundleContext, bundle: Bundle, directory: string, isCopied: boolean): ExtractedAsset[] {
    const extracted: ExtractedAsset[] = [];
    for (const { name, item, asset } of this.#standInsIn(context, bundle, true)) {
      if (!isCopied) {
        item.source = contentOf(asset);
        continue;
      }
      delete bundle[name];
      extracted.push({ ...asset, name });
    }
    this.keep(directory, extracted);
    return extracted;
  }

  /**
   * Takes files out of the bundle that the bundler has read: the engine copies them in its place, where the bundle has
   * the content of the file that it names as the origin. `root` is what such names are relative to.
   */
  async extractRead(bundle: Bundle, directory: string, root: string): Promise<ExtractedAsset[]> {
    const extracted: ExtractedAsset[] = [];
    for (const [name, item] of Object.entries(bundle)) {
      if (item.type !== 'asset') continue;
      const selected = (item.originalFileNames ?? []).flatMap(
        (each) => this.#selection.find(path.resolve(root, each)) ?? [],
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

  /** These files are going to be copied into an output directory in place of their stand-ins. */
  keep(directory: string, extracted: readonly ExtractedAsset[]): void {
    this.#extracted.set(directory, [...(this.#extracted.get(directory) ?? []), ...extracted]);
    this.#hashes.save();
  }

  /**
   * To be called once the files of an output directory are copied. Checks that their contents are those that were hashed,
   * because their names promise it.
   *
   * @throws {CopyError} with `ERR_SOURCE_CHANGED`
   */
  async verify(directory: string): Promise<void> {
    for (const { file, name, state, hash } of this.#extracted.get(directory) ?? []) {
      const now = stateOf(file);
      if (now?.state.key === state.key) continue;
      // A hard link or another mode changes no content.
      if (now && (await this.#hashes.hashOf({ file, state: now.state })) === hash) continue;
      throw new CopyError({
        code: 'ERR_SOURCE_CHANGED',
        reason: 'it changed after the bundler had named it by its content; build again',
        source: file,
        destination: path.join(directory, name),
      });
    }
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

  /** Rolldown's asset is a proxy that notes what it was once asked for: so it is not asked. */
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

/** Getters that answer with contents, and whose. */
const shown = new WeakMap<() => unknown, BundledAsset>();

/** Undefined where the bundle of another output, or of another build, has the file. */
function nameOf(context: BundleContext, reference: string): string | undefined {
  try {
    return context.getFileName(reference);
  } catch {
    return undefined;
  }
}

/** For another plugin, or for a bundle that stays in memory. */
export function contentOf({ file, state }: BundledAsset): Uint8Array {
  const content = fs.readFileSync(file);
  if (stateOf(file)?.state.key === state.key) return content;
  throw new CopyError({
    code: 'ERR_SOURCE_CHANGED',
    reason: 'it changed after the bundler had named it by its content; build again',
    source: file,
  });
}
