import fs from 'node:fs';
import type { Compiler } from 'webpack';
import { isInside } from '../../nested.ts';
import { mayChangeUnseen, statsOf, versionOf } from '../../stats.ts';
import { sourcesOf } from '../../targets.ts';
import type { FinalAssets } from './assets.ts';
import { withSource } from './describe.ts';
import { type FileSource, fileSourceClass, type Watched } from './file-source.ts';
import { type FileAsset, isPlain, type Listing, type WebpackTarget } from './targets.ts';

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
  readonly #FileSource: ReturnType<typeof fileSourceClass>;
  #files = new Map<string, FileSource>();
  #nextFiles = new Map<string, FileSource>();
  #last: LastBuild | undefined;

  constructor(compiler: Compiler, targets: readonly WebpackTarget[]) {
    this.#compiler = compiler;
    this.#targets = targets;
    this.#FileSource = fileSourceClass(compiler);
  }

  /** The content of a file: the same object as in the last build if the file is unchanged, as webpack's caches want it. */
  sourceOf(file: string): FileSource {
    if (!this.#compiler.watchMode) return new this.#FileSource(file);
    const before = this.#files.get(file);
    const entry = this.#compiler.fileTimestamps?.get(file);
    const watched = typeof entry === 'object' && entry !== null ? (entry as Watched) : undefined;
    const isWatched = before && isSameTime(before.watched, watched);
    const source = isWatched ? before : this.#lookAt(file, before, watched);
    if (isWatched || !mayChangeUnseen(source.stats, Date.now())) this.#nextFiles.set(file, source);
    return source;
  }

  #lookAt(file: string, before: FileSource | undefined, watched: Watched | undefined): FileSource {
    const link = fs.lstatSync(file);
    const isLink = link.isSymbolicLink();
    const stats = isLink ? fs.statSync(file) : link;
    const isSame = before && versionOf(before.stats) === versionOf(stats);
    const source = isSame ? before : new this.#FileSource(file, stats);
    // Nobody watches what a link leads to.
    source.watched = isLink ? undefined : watched;
    return source;
  }

  /** The listing of the last build, with the contents of now, if no file was created, deleted or renamed since. */
  relist(directory: string): Listing | undefined {
    const last = this.#last;
    this.#last = undefined;
    if (!last || last.directory !== directory) return undefined;
    if (last.found === undefined || versionsOf(foundIn(last.listing)) !== last.found) return undefined;
    try {
      const assets = last.listing.assets.map((asset) => withSource(asset, this.sourceOf(asset.file.source)));
      const listing = { ...last.listing, assets };
      this.#last = { ...last, listing };
      return listing;
    } catch {
      // What a link leads to is gone: listing anew reports which.
      return undefined;
    }
  }

  /** A build has its listing, which was begun at `since`, in milliseconds. */
  listed(listing: Listing, directory: string, since: number): void {
    this.#files = this.#nextFiles;
    this.#nextFiles = new Map();
    if (this.#last?.listing === listing || !this.#compiler.watchMode) return;
    const hasLinks = listing.assets.some(({ file }) => file.link);
    if (hasLinks || !this.#targets.every(isNamedByFiles)) return;
    this.#last = { directory, listing, found: versionsOf(foundIn(listing), since) };
  }

  /** The files that have to be copied again, if no others can differ from what the last build copied. */
  changedFiles({ ours, left }: FinalAssets): FileAsset[] | undefined {
    const { copied, written, listing } = this.#last ?? {};
    if (!copied || written === undefined || versionsOf(copiedTo(listing!)) !== written) return undefined;
    const before = new Map(copied.ours.map(({ name, source }) => [name, source]));
    const isSame = ours.length === before.size && ours.every(({ name }) => before.has(name));
    if (!isSame || left.join('\0') !== copied.left.join('\0')) return undefined;
    return ours.filter(({ name, source }) => before.get(name) !== source);
  }

  /** A build has copied its files. Undefined: there is more to do or to report than the files of the next build show. */
  copied(assets: FinalAssets | undefined): void {
    const last = this.#last;
    if (!last) return;
    const isAllAssets = copiedTo(last.listing).every((each) => isInside(last.directory, each));
    const overwritesAll = this.#targets.every(({ target: { overwrite = true } }) => overwrite === true);
    this.#last = { ...last, copied: isAllAssets && overwritesAll ? assets : undefined, written: undefined };
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
  const versions: string[] = [];
  for (const each of directories) {
    const stats = statsOf(each);
    if (stats && mayChangeUnseen(stats, since)) return undefined;
    versions.push(stats ? versionOf(stats) : '');
  }
  return versions.join();
}

/** Whether nothing but the directories that were looked into decides which files are copied, and under which names. */
function isNamedByFiles(given: WebpackTarget): boolean {
  const { filter, directoryFilter } = given.target;
  return (
    isPlain(given) &&
    !filter &&
    !directoryFilter &&
    sourcesOf(given.target).every((from) => fs.existsSync(from))
  );
}

function isSameTime(one: Watched | undefined, other: Watched | undefined): boolean {
  if (one?.timestamp === undefined || other === undefined) return false;
  return one.timestamp === other.timestamp && one.safeTime === other.safeTime;
}
