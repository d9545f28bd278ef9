import fs from 'node:fs';
import { isInside } from 'fs-reflink/host';
import type { Compiler, sources } from 'webpack';
import { lazySource } from '../../assets/compiler-source.ts';
import { mayChangeUnseen, statsOf, versionOf } from '../../targets/stats.ts';
import { sourcesOf } from '../../targets/targets.ts';
import type { FinalAssets } from './assets.ts';
import type { FileAsset, Listing } from './listing.ts';
import { isPlain, type WebpackTarget } from './targets.ts';

/** A file as it was when it was last looked at. */
interface WatchedFile {
  source: sources.Source;
  stats: fs.Stats;
  /** What webpack's watcher knew of it then; its types tell less. Undefined: it did not watch it. */
  times: { safeTime: number; timestamp?: number } | undefined;
}

/** What the last build listed and copied. */
interface LastBuild {
  directory: string;
  listing: Listing;
  /** Versions of the directories that its files were found in. */
  found: string | undefined;
  copied?: Pick<FinalAssets, 'ours' | 'left'> | undefined;
  /** Versions of the directories that were copied, when the build was over. */
  written?: string | undefined;
}

/**
 * What a watcher knows of its last build, so that the next one looks only at what may have changed since. It believes
 * webpack's watcher about files whose times that has noted, and takes the names in a directory that is unchanged for unchanged.
 */
export class WatchState {
  readonly #compiler: Compiler;
  readonly #targets: readonly WebpackTarget[];
  readonly #files = new Map<string, WatchedFile>();
  #last: LastBuild | undefined;

  constructor(compiler: Compiler, targets: readonly WebpackTarget[]) {
    this.#compiler = compiler;
    this.#targets = targets;
  }

  /** The content of a file: the same object as in the last build if the file is unchanged, as webpack's caches want it. */
  sourceOf(file: string): sources.Source {
    if (!this.#compiler.watchMode) return this.#newSource(file);
    const before = this.#files.get(file);
    const entry = this.#compiler.fileTimestamps?.get(file);
    const times = typeof entry === 'object' && entry !== null ? (entry as WatchedFile['times']) : undefined;
    if (before && isSameTime(before.times, times)) return before.source;
    const link = fs.lstatSync(file);
    const stats = link.isSymbolicLink() ? fs.statSync(file) : link;
    const isSame = before !== undefined && versionOf(before.stats) === versionOf(stats);
    const source = isSame ? before.source : this.#newSource(file, stats);
    if (mayChangeUnseen(stats, Date.now())) this.#files.delete(file);
    // Nobody watches what a link leads to.
    else this.#files.set(file, { source, stats, times: link === stats ? times : undefined });
    return source;
  }

  #newSource(file: string, stats?: fs.Stats): sources.Source {
    const current = () => (stats ??= fs.statSync(file));
    return lazySource(this.#compiler.webpack.sources.Source, {
      read: () => fs.readFileSync(file),
      size: () => current().size,
      key: () => `${file} ${versionOf(current())}`,
    });
  }

  /** What `find` lists; or what the last build listed, if no file was created, deleted or renamed since. */
  async listing(directory: string, find: () => Promise<Listing>): Promise<Listing> {
    const last = this.#last;
    const again = last?.directory === directory ? this.#listAgain(last) : undefined;
    this.#last = again && { ...last!, listing: again };
    if (again) return again;
    const since = Date.now();
    const listing = await find();
    const hasLinks = listing.assets.some(({ file }) => file.link);
    if (this.#compiler.watchMode && !hasLinks && this.#targets.every(isNamedByFiles))
      this.#last = { directory, listing, found: versionsOf(foundIn(listing), since) };
    return listing;
  }

  /** The same listing with the contents of now. */
  #listAgain({ listing, found }: LastBuild): Listing | undefined {
    if (found === undefined || versionsOf(foundIn(listing)) !== found) return undefined;
    try {
      const assets = listing.assets.map((asset) => {
        const source = this.sourceOf(asset.file.source);
        return source === asset.source ? asset : { ...asset, source };
      });
      return { ...listing, assets };
    } catch {
      // What a link leads to is gone: listing anew reports which.
      return undefined;
    }
  }

  /** The files that have to be copied again, if no others can differ from what the last build copied. To be asked once. */
  changedFiles({ ours, left }: FinalAssets): FileAsset[] | undefined {
    const { copied, written, listing } = this.#last ?? {};
    if (this.#last) this.#last = { ...this.#last, copied: undefined, written: undefined };
    if (!copied || written === undefined || versionsOf(copiedTo(listing!)) !== written) return undefined;
    const before = new Map(copied.ours.map(({ name, source }) => [name, source]));
    const isSame = ours.length === before.size && ours.every(({ name }) => before.has(name));
    if (!isSame || left.join('\0') !== copied.left.join('\0')) return undefined;
    return ours.filter(({ name, source }) => before.get(name) !== source);
  }

  /** A build has copied its files, and nothing else is to be done or reported in the next. */
  copied(assets: FinalAssets): void {
    const last = this.#last;
    if (!last) return;
    const isAllAssets = copiedTo(last.listing).every((each) => isInside(last.directory, each));
    const overwritesAll = this.#targets.every(({ target: { overwrite = true } }) => overwrite === true);
    if (isAllAssets && overwritesAll) this.#last = { ...last, copied: assets };
  }

  /** What is done to directories from here on is somebody else's doing. */
  buildEnded(): void {
    if (this.#last?.copied) this.#last.written ??= versionsOf(copiedTo(this.#last.listing));
  }
}

const foundIn = ({ folders }: Listing): string[] => folders.map(({ source }) => source);
const copiedTo = ({ folders }: Listing): string[] => folders.map(({ destination }) => destination);

/** Undefined where one may have changed since `since` without showing it. */
function versionsOf(directories: readonly string[], since = Number.POSITIVE_INFINITY): string | undefined {
  const all = directories.map(statsOf);
  if (all.some((stats) => stats && mayChangeUnseen(stats, since))) return undefined;
  return all.map((stats) => (stats ? versionOf(stats) : '')).join();
}

/** Whether nothing but the directories that were looked into decides which files are copied, and under which names. */
function isNamedByFiles(given: WebpackTarget): boolean {
  const { filter, directoryFilter } = given.target;
  const isFound = () => sourcesOf(given.target).every((from) => fs.existsSync(from));
  return isPlain(given) && !filter && !directoryFilter && isFound();
}

function isSameTime(one: WatchedFile['times'], other: WatchedFile['times']): boolean {
  if (one?.timestamp === undefined || other === undefined) return false;
  return one.timestamp === other.timestamp && one.safeTime === other.safeTime;
}
