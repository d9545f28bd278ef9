import fs from 'node:fs';
import type { Compilation, Compiler } from 'webpack';
import type { ResolvedOptions } from '../../options.ts';
import { sourcesOf } from '../../targets.ts';
import { SeenDirectories } from './directories.ts';
import { type Listing, listFiles, withSource } from './listing.ts';
import { FileSources } from './source.ts';
import { isPlain, type WebpackTarget } from './targets.ts';

/** The listings of one compiler's builds. A watcher's is that of the build before as long as no file comes or goes. */
export class Listings {
  readonly #targets: WebpackTarget[];
  readonly #options: ResolvedOptions;
  readonly #sources: FileSources;
  readonly #isWatcher: () => boolean;
  #before: { listing: Listing; directory: string; sources: SeenDirectories } | undefined;

  constructor(targets: WebpackTarget[], options: ResolvedOptions, compiler: Compiler) {
    this.#targets = targets;
    this.#options = options;
    this.#sources = new FileSources(compiler);
    this.#isWatcher = () => compiler.watchMode;
  }

  async list(compilation: Compilation, directory: string): Promise<Listing> {
    const listing = this.#again(directory) ?? (await this.#anew(compilation, directory));
    this.#sources.sweep();
    return listing;
  }

  /** Looks at the files of the build before, where there are no others. */
  #again(directory: string): Listing | undefined {
    const { listing, sources, directory: previous } = this.#before ?? {};
    if (!listing || previous !== directory || !sources!.areSame) return undefined;
    try {
      const assets = listing.assets.map((asset) => withSource(asset, this.#sources.get(asset.file.source)));
      const again = { ...listing, assets };
      this.#before = { ...this.#before!, listing: again };
      return again;
    } catch {
      // What a link leads to is gone: who lists it says which.
      return undefined;
    }
  }

  async #anew(compilation: Compilation, directory: string): Promise<Listing> {
    this.#before = undefined;
    const began = Date.now();
    const context = { compilation, options: this.#options, directory, sources: this.#sources };
    const listing = await listFiles(this.#targets, context);
    if (!this.#isWatcher() || listing.links.length > 0 || !this.#targets.every(isNamedByFiles))
      return listing;
    const found = listing.folders.map(({ source }) => source);
    this.#before = { listing, directory, sources: new SeenDirectories(found, began) };
    return listing;
  }
}

/** Whether nothing but the directories that were looked into decides which files are copied, and under which names. */
function isNamedByFiles(given: WebpackTarget): boolean {
  const { filter, directoryFilter, rename } = given.target;
  const isAsked = filter || directoryFilter || typeof rename === 'function';
  return isPlain(given) && !isAsked && sourcesOf(given.target).every((from) => fs.existsSync(from));
}
