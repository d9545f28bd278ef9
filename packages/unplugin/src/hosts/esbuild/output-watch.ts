import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { unlessMissing } from '../../targets/stats.ts';
import { TreeWatcher } from './tree-watcher.ts';

/** Types, as in statfs(2), of filesystems that only this kernel changes, so that it reports every change. */
const LOCAL = new Set([
  0xef53, // ext4
  0x58465342, // XFS
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
  0xf2f52010, // F2FS
]);

/** After this many changed paths, the whole output counts as changed. */
const MANY = 10_000;

export interface OutputWatchOptions {
  /** Absolute paths of the sources, or of directories that contain them. */
  roots: readonly string[];
  directory: string;
  followLinks: boolean;
  /** Whether only files decide what is copied, and no function of the user. */
  byFilesAlone: boolean;
  /** Called when a source has changed. */
  onSource(): void;
}

/**
 * Watches the sources of an output directory and what was copied there. After a copy that found nothing to do, it
 * knows whether the next copy would find nothing either. That requires a system that reports every change before
 * anybody can ask: Linux, with local filesystems, and with no links on the way to a source.
 */
export class OutputWatch {
  readonly #options: OutputWatchOptions;
  #sources: TreeWatcher;
  readonly #output = new Map<string, fs.FSWatcher>();
  #outputIsWatched = false;
  #changed = true;
  /** The paths in the output that any process has changed since the last copy started. */
  readonly #touched = new Set<string>();
  /** The devices and inodes that the paths of the sources led to when this started to watch them. */
  #sourcesAt: string;
  #outputAt = '';
  #idleKey: string | undefined;

  constructor(options: OutputWatchOptions) {
    this.#options = options;
    this.#sourcesAt = identitiesOf(options.roots);
    this.#sources = this.#watchSources();
  }

  /** The first error because of which something is not watched. */
  get error(): Error | undefined {
    return this.#sources.error;
  }

  /** The watched directories of the sources. */
  get directories(): string[] {
    return this.#sources.directories;
  }

  /** Whether {@link noteIdle} has an effect if the output is watched too. */
  get canNoteIdle(): boolean {
    const { byFilesAlone, directory } = this.#options;
    if (process.platform !== 'linux' || !byFilesAlone || !this.#sources.complete) return false;
    return [directory, ...this.#sources.directories].every(isLocal);
  }

  /** Whether a source has changed since the last copy started, so that the copy may have missed it. */
  get hasChanged(): boolean {
    return this.#changed;
  }

  /** Whether the last copy has found nothing to do. {@link isStillIdle} checks whether something has changed since. */
  get isIdle(): boolean {
    return this.#idleKey !== undefined;
  }

  /** Call this before a copy starts. The copy sees all changes that were made until now. */
  async begin(): Promise<void> {
    await allEvents();
    this.#idleKey = undefined;
    const sourcesAt = identitiesOf(this.#options.roots);
    if (sourcesAt !== this.#sourcesAt) {
      this.#sources.close();
      this.#sources = this.#watchSources();
      this.#sourcesAt = sourcesAt;
    }
    this.#outputAt = this.#identifyOutput();
    this.#changed = false;
    this.#touched.clear();
  }

  /** Call this when the copy has found nothing to do. `key` stands for what the copy depended on besides files. */
  async noteIdle(key: string, ignored: ReadonlySet<string>): Promise<void> {
    await allEvents();
    if (!this.#outputIsWatched || !this.canNoteIdle || this.#hasChanged(ignored)) return;
    this.#idleKey = key;
  }

  /** Whether a copy would find nothing to do now. Changes of the `ignored` files do not count. */
  async isStillIdle(key: string, ignored: ReadonlySet<string>): Promise<boolean> {
    if (this.#idleKey !== key) return false;
    await allEvents();
    if (this.#hasChanged(ignored) || !this.#outputIsWatched || !this.#sources.complete) return false;
    // There is no event if a path was moved away or if a link above it was changed.
    return identitiesOf(this.#options.roots) === this.#sourcesAt && this.#identifyOutput() === this.#outputAt;
  }

  /** Watches these directories of the output, and stops watching all others. */
  watchOutput(directories: ReadonlySet<string>): void {
    this.#closeOutput();
    if (![...directories].every(isLocal)) return;
    try {
      for (const directory of directories) {
        const watch = fs.watch(directory, { persistent: false }, (_type, name) => {
          if (this.#touched.size < MANY) this.#touched.add(path.join(directory, name ?? ''));
          else this.#changed = true;
        });
        watch.on('error', () => this.#closeOutput());
        this.#output.set(directory, watch);
      }
      this.#outputIsWatched = true;
    } catch {
      // The directory is gone, or the system has no more watches. Copies then compare files, as they do without a
      // watch.
      this.#closeOutput();
    }
  }

  close(): void {
    this.#sources.close();
    this.#closeOutput();
  }

  #watchSources(): TreeWatcher {
    const { roots, directory, followLinks, onSource } = this.#options;
    const onChange = () => {
      this.#changed = true;
      onSource();
    };
    return new TreeWatcher(roots, { except: [directory], followLinks, onChange });
  }

  #closeOutput(): void {
    this.#outputIsWatched = false;
    for (const watch of this.#output.values()) watch.close();
    this.#output.clear();
  }

  #hasChanged(ignored: ReadonlySet<string>): boolean {
    return this.#changed || [...this.#touched].some((each) => !ignored.has(each));
  }

  #identifyOutput(): string {
    return identitiesOf([this.#options.directory, ...this.#output.keys()]);
  }
}

function identitiesOf(paths: readonly string[]): string {
  return paths
    .map((each) => {
      const stats = unlessMissing(() => fs.statSync(each, { bigint: true, throwIfNoEntry: false }));
      return stats ? `${stats.dev}:${stats.ino}` : '';
    })
    .join();
}

function isLocal(directory: string): boolean {
  try {
    return LOCAL.has(fs.statfsSync(directory).type);
  } catch {
    // The directory was deleted in the meantime.
    return false;
  }
}

/** Waits for the events of all changes until now. They arrive once per event loop turn; this one may have begun. */
async function allEvents(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
