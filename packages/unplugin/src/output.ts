import fs from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CopyError, type CopyOptions, type CopyReport, copy, type Planned, type Target } from 'fs-reflink';
import { manifestFile } from './cache.ts';
import { type Collision, findCollisions } from './collisions.ts';
import { addReports, continueReport } from './summary.ts';
import type { OutputTargets } from './targets.ts';
import { WrittenBundle } from './written.ts';

export interface OutputSettings extends OutputTargets {
  /** Absolute path of the output directory. */
  directory: string;
  /** Where it is noted what was placed. */
  cacheDirectory: string;
  /** Delete all that no target places, as the host would have. */
  empty: boolean;
  /** What emptying leaves alone, relative to the directory. */
  keep: string[];
  /**
   * Files of the bundle, relative to the directory, for hosts that have written it before anything is placed;
   * others call {@link OutputCopy.giveWay}.
   */
  written?: readonly string[];
  /** Absolute paths that are the bundle's: what targets would place there is not placed. */
  leave?: readonly string[];
  /** What was placed there earlier in the build, with entries: it is told as if it were placed now. */
  earlier?: CopyReport | undefined;
  /** Nothing but these files of the targets has to be looked at; `others` are in place. */
  changed?: { files: Target[]; others: number } | undefined;
  engine: CopyOptions;
}

/**
 * The copy into one output directory. Everything is placed from the start on, while the bundler is at work; where
 * the bundle has a file of the same name, ours goes before it is written, and a target's is placed again after.
 */
export class OutputCopy {
  readonly directory: string;
  readonly #settings: OutputSettings;
  readonly #written: WrittenBundle;
  readonly #planned: Promise<Planned | undefined>;
  readonly #finished: Promise<CopyReport>;
  readonly #abort = new AbortController();
  /** Files of targets that the bundle overwrites, by destination. */
  readonly #overwritten = new Map<string, Collision>();
  readonly #gone = new Set<string>();
  #again: Promise<CopyReport> | undefined;
  #failure: { error: unknown } | undefined;

  constructor(settings: OutputSettings) {
    const { directory, targets, empty, keep, written = [], leave = [], changed } = settings;
    this.directory = directory;
    this.#settings = settings;
    this.#written = new WrittenBundle(written, settings, directory);
    let resolvePlanned: (planned?: Planned) => void = () => {};
    this.#planned = new Promise((resolve) => {
      resolvePlanned = resolve;
    });
    const copied = copy(changed?.files ?? [...this.#written.publicTargets, ...targets], {
      ...this.#common,
      prune: changed ? false : empty ? 'everything' : 'placed',
      pruneRoots: ['.'],
      keep,
      leave,
      onPlanned: (planned) => {
        this.#written.look(planned);
        resolvePlanned(planned);
      },
    });
    this.#finished = copied.then(
      (report) => completed(report, settings),
      (error: unknown) => {
        throw this.#written.explain(error);
      },
    );
    // Kept to be told when asked; a build that fails before must not end in an unhandled rejection.
    this.#finished.catch((error: unknown) => {
      this.#failure = { error };
      resolvePlanned();
    });
  }

  /** Which files of ours were in the bundle that was written before. Complete once everything is settled. */
  get overlaps(): Collision[] {
    return this.#written.collisions;
  }

  /**
   * The bundle is about to be written: resolves when nothing more will be deleted, and files of ours that have
   * the name of one of the bundle's are out of its way. Rejects with what went wrong so far.
   */
  async giveWay(names: readonly string[]): Promise<Collision[]> {
    const planned = await this.#planned;
    // A small copy runs on this thread and has ended by now; what it failed with is known a turn later.
    await nextTurn();
    if (this.#failure) throw this.#failure.error;
    const collisions = findCollisions(planned!, this.#settings, this.directory, names);
    if (collisions.length === 0) return [];
    await this.#finished;
    for (const collision of collisions) {
      const { destination } = collision.file;
      // Another output of the build may have written its own there meanwhile.
      if (collision.target) this.#overwritten.set(destination, collision);
      else if (this.#gone.has(destination)) continue;
      this.#gone.add(destination);
      // Not left to be overwritten: a link would be written through, and a file may be read-only.
      // By both spellings, the bundle's first: FUSE remembers for a while what it found under a name.
      for (const spelling of new Set([collision.bundled, destination]))
        await fs.rm(spelling, { force: true });
    }
    return collisions;
  }

  /** Resolves when everything is in place that does not wait for the bundle. Rejects with what went wrong. */
  async settle(): Promise<void> {
    await this.#finished;
  }

  /** The bundle is written: places the targets' files that win over it. */
  async placeTargets(): Promise<void> {
    if (this.#overwritten.size === 0) return;
    const collisions = [...this.#overwritten.values()];
    this.#overwritten.clear();
    const before = this.#again;
    const again = copy(
      collisions.map((collision) => this.#targetOf(collision)),
      this.#common,
    );
    this.#again = again.then(async (report) => (before ? addReports(await before, report) : report));
    this.#again.catch((error: unknown) => {
      this.#failure = { error };
    });
    await this.#again;
  }

  /** What was done so far, added up. */
  async report(): Promise<CopyReport> {
    const again = await this.#again;
    return addReports(await this.#finished, ...(again ? [again] : []));
  }

  /** Ends the copy. Resolves when no thread works on it any more, with what had gone wrong until then. */
  async cancel(): Promise<unknown> {
    this.#abort.abort();
    await Promise.allSettled([this.#finished, this.#again]);
    const error = this.#failure?.error;
    return error instanceof CopyError && error.code === 'ABORT_ERR' ? undefined : error;
  }

  get #common(): CopyOptions {
    const { directory, cacheDirectory, engine } = this.#settings;
    return {
      ...engine,
      cwd: directory,
      manifest: manifestFile(cacheDirectory, directory),
      signal: this.#abort.signal,
    };
  }

  /** The one file, under the name the target gives it. */
  #targetOf({ file: { source, destination }, target }: Collision): Target {
    const { to = '.', transform } = target!;
    const below = path.relative(path.resolve(this.directory, to), destination).split(path.sep).join('/');
    return {
      from: source,
      to: path.dirname(destination),
      rename: path.basename(destination),
      overwrite: true,
      ...(transform && { transform: (content, { source }) => transform(content, { source, path: below }) }),
    };
  }
}

function completed(report: CopyReport, { earlier, changed }: OutputSettings): CopyReport {
  if (earlier) return continueReport(earlier, report);
  return changed ? { ...report, unchanged: report.unchanged + changed.others } : report;
}
