import fs from 'node:fs';
import path from 'node:path';
import { isInside } from 'fs-reflink/host';
import { linkStatsOf, statsOf } from '../../targets/stats.ts';
import { NEVER_WATCHED } from '../../targets/watched.ts';

/** The end of the keys of watches of directories above roots. No path contains this character. */
const ABOVE = '\0';

export interface TreeWatcherOptions {
  /** Directories that are not watched. */
  except: readonly string[];
  followLinks: boolean;
  onChange(): void;
}

/**
 * Reports that something in directories, or a file, has changed. On Linux it uses one watch of the system for each
 * directory, because recursive watches of Node.js find new directories too late there. On other systems, recursive
 * watches are exact. Never keeps the process alive.
 */
export class TreeWatcher {
  readonly #options: TreeWatcherOptions;
  /** By path: the watches of directories, of files that links lead to, and (with {@link ABOVE}) above roots. */
  readonly #watches = new Map<string, fs.FSWatcher>();
  #error: Error | undefined;
  #complete = true;
  #closed = false;

  /** `roots` are absolute paths. They do not have to exist yet. */
  constructor(roots: readonly string[], options: TreeWatcherOptions) {
    this.#options = options;
    for (const root of roots) this.#addRoot(root);
  }

  /** Whether every change is certain to be noticed. */
  get complete(): boolean {
    return this.#complete && !this.#closed;
  }

  /** The first error because of which something is not watched. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** The watched paths, without the directories above roots. */
  get directories(): string[] {
    return [...this.#watches.keys()].filter((key) => !key.endsWith(ABOVE));
  }

  close(): void {
    this.#closed = true;
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  #addRoot(root: string): void {
    this.#watchAbove(root);
    this.#add(root, []);
  }

  /** Watches the nearest existing directory above a root, to notice that the root itself is created or replaced. */
  #watchAbove(root: string): void {
    let parent = path.dirname(root);
    let name = path.basename(root);
    while (!fs.existsSync(parent) && path.dirname(parent) !== parent) {
      name = path.basename(parent);
      parent = path.dirname(parent);
    }
    const key = root + ABOVE;
    this.#remove(key);
    this.#watch(key, parent, false, (changed) => {
      if (changed !== null && changed !== name && fs.existsSync(parent)) return;
      this.#removeBelow(root);
      this.#addRoot(root);
      this.#options.onChange();
    });
  }

  #add(place: string, above: readonly string[]): void {
    const stats = statsOf(place);
    if (!stats?.isDirectory() || this.#watches.has(place)) return;
    const real = fs.realpathSync.native(place);
    if (above.includes(real)) return;
    const recursive = process.platform !== 'linux';
    // Watch the directory before it is listed, so that everything that is added from now on is reported.
    this.#watch(place, place, recursive, (changed, type) => {
      const where = path.join(place, changed ?? '');
      if (recursive && this.#options.except.some((each) => isInside(each, where))) return;
      if (type === 'rename' && !recursive) this.#rescan(where, [real]);
      this.#options.onChange();
    });
    for (const entry of this.#list(place)) {
      const full = path.join(place, entry.name);
      if (entry.isDirectory() && !recursive) this.#enter(full, [...above, real]);
      else if (entry.isSymbolicLink()) this.#follow(full, [...above, real]);
    }
  }

  /** Call this when an entry was created, deleted or replaced. */
  #rescan(place: string, above: readonly string[]): void {
    this.#removeBelow(place);
    const stats = linkStatsOf(place);
    if (stats?.isDirectory()) this.#enter(place, above);
    else if (stats?.isSymbolicLink()) this.#follow(place, above);
  }

  #enter(directory: string, above: readonly string[]): void {
    if (this.#options.except.includes(directory) || NEVER_WATCHED.has(path.basename(directory)))
      this.#complete = false;
    else this.#add(directory, above);
  }

  #follow(link: string, above: readonly string[]): void {
    if (!this.#options.followLinks) return;
    // A directory that the link leads through may change in a place that is not watched.
    this.#complete = false;
    const stats = statsOf(link);
    if (stats?.isDirectory()) this.#enter(link, above);
    else if (stats) this.#watch(link, link, false, () => this.#options.onChange());
  }

  #list(directory: string): fs.Dirent[] {
    try {
      return fs.readdirSync(directory, { withFileTypes: true });
    } catch {
      // The directory is gone, which the watch of its parent reports, or cannot be read, which the copy reports.
      this.#complete = false;
      return [];
    }
  }

  #watch(
    key: string,
    place: string,
    recursive: boolean,
    onEvent: (name: string | null, type: string) => void,
  ): void {
    try {
      const watch = fs.watch(place, { persistent: false, recursive }, (type, name) => onEvent(name, type));
      watch.on('error', (error) => this.#fail(error));
      this.#watches.set(key, watch);
    } catch (error) {
      if (fs.existsSync(place)) this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    this.#complete = false;
    this.#error ??= error;
  }

  #removeBelow(place: string): void {
    for (const key of [...this.#watches.keys()]) {
      if (isInside(place, key) && !key.endsWith(ABOVE)) this.#remove(key);
    }
  }

  #remove(key: string): void {
    this.#watches.get(key)?.close();
    this.#watches.delete(key);
  }
}
