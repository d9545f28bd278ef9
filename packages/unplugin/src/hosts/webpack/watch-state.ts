import fs from 'node:fs';
import { isInside } from 'fs-reflink/host';
import type { Compiler, sources } from 'webpack';
import { lazySource } from '../../assets/compiler-source.ts';
import { mayChangeUnseen, statsOf, versionOf } from '../../targets/stats.ts';
import { sourcesOf } from '../../targets/targets.ts';
import type { FileAsset, Listing } from './listing.ts';
import { isPlain, type WebpackTarget } from './targets.ts';

/** The state of a file at its last stat call. */
interface WatchedFile {
  source: sources.Source;
  stats: fs.Stats;
  /** The times that webpack's watcher had for the file then. Its types do not declare them. Undefined if none. */
  times: { safeTime: number; timestamp?: number } | undefined;
}

/** What the last build listed and copied. */
interface LastBuild {
  listing: Listing;
  /** Versions of the directories in which the files were found. Undefined if these versions might miss a change. */
  found: string | undefined;
  /** The sources of the copied files, by name. */
  copied?: ReadonlyMap<string, sources.Source>;
  /** Versions of the directories that files were copied to, when the build ended. */
  written?: string | undefined;
}

/**
 * The state of the last build of a watcher, so that the next build checks only what may have changed since. It trusts
 * the times that webpack's watcher has for files, and relies on an unchanged directory to contain the same names.
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

  /** The source of a file. If the file is unchanged, it is the object of the last build: webpack's caches need it. */
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
    // webpack does not watch the file that a link leads to.
    else this.#files.set(file, { source, stats, times: link === stats ? times : undefined });
    return source;
  }

  #newSource(file: string, stats?: fs.Stats): sources.Source {
    const current = () => (stats ??= fs.statSync(file));
    return lazySource(this.#compiler.webpack.sources.Source, {
      read: () => fs.readFileSync(file),
      // webpack asks for sizes after the copy too, for statistics. Then the file may be deleted.
      size: () => (stats ??= statsOf(file))?.size ?? 0,
      key: () => `${file} ${versionOf(current())}`,
    });
  }

  /** Calls `find`, unless the listing of the last build is valid: no file was created, deleted or renamed since. */
  async listing(directory: string, find: () => Promise<Listing>): Promise<Listing> {
    const last = this.#last;
    const again = last?.listing.directory === directory ? this.#listAgain(last) : undefined;
    this.#last = again && { ...last!, listing: again };
    if (again) return again;
    const since = Date.now();
    const listing = await find();
    const hasLinks = listing.assets.some(({ file }) => file.link);
    if (this.#compiler.watchMode && !hasLinks && this.#targets.every(isNamedByFiles))
      this.#last = { listing, found: versionsOf(foundIn(listing), since) };
    return listing;
  }

  /** The same listing with the current contents. Undefined if files may have been created, deleted or renamed. */
  #listAgain({ listing, found }: LastBuild): Listing | undefined {
    if (found === undefined || versionsOf(foundIn(listing)) !== found) return undefined;
    try {
      const assets = listing.assets.map((asset) => {
        const source = this.sourceOf(asset.file.source);
        return source === asset.source ? asset : { ...asset, source };
      });
      return { ...listing, assets };
    } catch {
      // The file that a link leads to is missing. Listing the files again reports the path.
      return undefined;
    }
  }

  /**
   * The files that have to be copied again. Undefined if others may differ too from what the last build copied. Call
   * this once per build, because it forgets that copy.
   */
  changedFiles(ours: readonly FileAsset[]): FileAsset[] | undefined {
    if (!this.#last) return undefined;
    const { copied, written, ...listed } = this.#last;
    this.#last = listed;
    if (!copied || written === undefined || versionsOf(copiedTo(listed.listing)) !== written)
      return undefined;
    // Of the same listing, the same files are left to the bundle if the same files are copied.
    const isSame = ours.length === copied.size && ours.every(({ name }) => copied.has(name));
    return isSame ? ours.filter(({ name, source }) => copied.get(name) !== source) : undefined;
  }

  /** Call this when a build has copied its files, and has no warnings that the next build must repeat. */
  copied(ours: readonly FileAsset[]): void {
    const { listing } = this.#last ?? {};
    if (!listing) return;
    const isAllAssets = copiedTo(listing).every((each) => isInside(listing.directory, each));
    const overwritesAll = this.#targets.every(({ target: { overwrite = true } }) => overwrite === true);
    if (isAllAssets && overwritesAll)
      this.#last!.copied = new Map(ours.map(({ name, source }) => [name, source]));
  }

  /** Call this when a build ends: other programs cause later changes of the directories that files were copied to. */
  buildEnded(): void {
    if (this.#last?.copied) this.#last.written ??= versionsOf(copiedTo(this.#last.listing));
  }
}

const foundIn = ({ folders }: Listing): string[] => folders.map(({ source }) => source);
const copiedTo = ({ folders }: Listing): string[] => folders.map(({ destination }) => destination);

/**
 * The versions of directories. Undefined if one was changed after `since` (in milliseconds), or so shortly before
 * that its version might miss a change.
 */
function versionsOf(directories: readonly string[], since = Number.POSITIVE_INFINITY): string | undefined {
  const all = directories.map(statsOf);
  if (all.some((stats) => stats && mayChangeUnseen(stats, since))) return undefined;
  return all.map((stats) => (stats ? versionOf(stats) : '')).join();
}

/** Whether only the contents of the listed directories decide which files are copied, and under which names. */
function isNamedByFiles(given: WebpackTarget): boolean {
  const { filter, directoryFilter } = given.target;
  const isFound = () => sourcesOf(given.target).every((from) => fs.existsSync(from));
  return isPlain(given) && !filter && !directoryFilter && isFound();
}

function isSameTime(one: WatchedFile['times'], other: WatchedFile['times']): boolean {
  if (one?.timestamp === undefined || other === undefined) return false;
  return one.timestamp === other.timestamp && one.safeTime === other.safeTime;
}
