import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { unlessMissing } from '../../targets/stats.ts';
import { TreeWatcher } from './tree-watcher.ts';

/** Filesystems whose every change this kernel makes, and tells of, by the type statfs(2) gives them. */
const LOCAL = new Set([
  0xef53, // ext4
  0x58465342, // XFS
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
  0xf2f52010, // F2FS
]);

/** More changes than anybody asks about one by one. */
const MANY = 10_000;

export interface OutputWatchOptions {
  /** What is copied lies in these. */
  roots: readonly string[];
  directory: string;
  followLinks: boolean;
  /** Nothing but files decides what is copied: no function. */
  byFilesAlone: boolean;
  /** Something that is copied has changed. */
  onSource(): void;
}

/**
 * Watches the sources of an output directory and what was copied there. After a copy that found nothing to do it
 * can vouch that the next would not either, where the system tells of every change before it can be asked: on
 * Linux, on filesystems of this machine, with no links on the way.
 */
export class OutputWatch {
  readonly #options: OutputWatchOptions;
  #sources: TreeWatcher;
  readonly #output = new Map<string, fs.FSWatcher>();
  #outputIsWatched = false;
  #changed = true;
  /** What was changed in the output since the last copy began, by whomever. */
  readonly #touched = new Set<string>();
  /** Which files the paths of the sources led to when they were last watched. */
  #sourcesAt: string;
  #outputAt = '';
  #proof: string | undefined;

  constructor(options: OutputWatchOptions) {
    this.#options = options;
    this.#sourcesAt = identitiesOf(options.roots);
    this.#sources = this.#watchSources();
  }

  /** What kept something from being watched. */
  get error(): Error | undefined {
    return this.#sources.error;
  }

  /** Directories of the sources that are watched. */
  get directories(): string[] {
    return this.#sources.directories;
  }

  /** Whether it could vouch, once the output is watched too and a copy has found nothing to do. */
  get canVouch(): boolean {
    const { byFilesAlone, directory } = this.#options;
    if (process.platform !== 'linux' || !byFilesAlone || !this.#sources.complete) return false;
    return [directory, ...this.#sources.directories].every(isLocal);
  }

  /** Whether a copy has found nothing to do, and nothing is known to have changed since. */
  get isProven(): boolean {
    return this.#proof !== undefined;
  }

  /** A copy begins: what was changed until now, it sees. */
  async begin(): Promise<void> {
    await allToldOf();
    this.#proof = undefined;
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

  /** The copy has ended and found nothing to do. `key` tells what else it depended on. */
  async prove(key: string, ignored: ReadonlySet<string>): Promise<void> {
    await allToldOf();
    if (!this.#outputIsWatched || !this.canVouch || this.#hasChanged(ignored)) return;
    this.#proof = key;
  }

  /** Whether a copy would find nothing to do now. Files that are `ignored` are none of ours. */
  async vouches(key: string, ignored: ReadonlySet<string>): Promise<boolean> {
    if (this.#proof !== key) return false;
    await allToldOf();
    if (this.#hasChanged(ignored) || !this.#outputIsWatched || !this.#sources.complete) return false;
    // A path that was moved away, or a link that was changed above it, tells nobody.
    return identitiesOf(this.#options.roots) === this.#sourcesAt && this.#identifyOutput() === this.#outputAt;
  }

  /** Watches these directories of the output, and no others any more. */
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
      // Gone again, or the system has no more watches: copies compare, as without.
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
    // Gone meanwhile.
    return false;
  }
}

/** The system hands over what it knows once a turn, which may have begun. */
async function allToldOf(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
