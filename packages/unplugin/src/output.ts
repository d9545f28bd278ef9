import fs from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { CopyEntry, CopyOptions, CopyReport, Planned, Target } from 'fs-reflink';
import { CopyError } from 'fs-reflink/host';
import { manifestFile } from './cache.ts';
import { type Collision, findCollisions, overlapMessages } from './collisions.ts';
import { type Emptied, type EmptySettings, emptyOutput } from './empty.ts';
import { Preparation } from './preparation.ts';
import { linkStatsOf } from './stats.ts';
import { addReports, withoutEntries } from './summary.ts';
import { pathBelow } from './targets.ts';
import { WrittenBundle } from './written.ts';

/** So many files are copied while the bundler renders, as a rule. */
const FEW_FILES = 32;
/** How long the bundle waits for them, so that what they fail with is told first: the bundler would say less. */
const GRACE_MS = 250;

export interface OutputSettings extends EmptySettings {
  /** Whether to empty the directory before the copy begins, for a host that has not done that before. */
  empty?: boolean;
  /** What the host has emptied the directory of. */
  emptied?: Emptied | undefined;
  /** Where it was noted what configurations copied there that are no more: the copy deletes it first. */
  orphaned?: readonly string[];
  /**
   * Files of the bundle, relative to the directory, for hosts that have written it before anything is copied;
   * others call {@link OutputCopy.giveWay}.
   */
  written?: readonly string[];
  /** Absolute paths that are the bundle's: what targets would copy there is not copied. */
  leave?: readonly string[];
  /** Absolute paths of files of ours that the host has told the user of, because the bundle has them too. */
  told?: readonly string[];
  /** Nothing but these files of the targets has to be looked at; `others` are in place. */
  changed?: { files: Target[]; others: number } | undefined;
  engine: CopyOptions;
  /** What the copy starts from. */
  preparation?: Preparation;
}

/**
 * The copy into one output directory. Everything is copied from the start on, while the bundler is at work; where
 * the bundle has a file of the same name, ours goes before it is written, and a target's is copied again after.
 */
export class OutputCopy {
  readonly directory: string;
  readonly #settings: OutputSettings;
  readonly #emptied: Emptied | undefined;
  readonly #written: WrittenBundle;
  readonly #planned: Promise<Planned | undefined>;
  readonly #finished: Promise<CopyReport>;
  readonly #preparation: Preparation;
  readonly #abort = new AbortController();
  /** Files of targets that the bundle overwrites, by destination. */
  readonly #overwritten = new Map<string, Collision>();
  /** Files of the first copy that were taken away again, by destination. */
  readonly #gone = new Set<string>();
  #again: Promise<CopyReport> | undefined;
  /** Once, however many bundles are written. */
  #grace: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  constructor(settings: OutputSettings) {
    const { directory, targets, empty, keep, written = [], leave = [], changed, orphaned = [] } = settings;
    const emptied = settings.emptied ?? (empty ? emptyOutput(settings) : undefined);
    this.#emptied = emptied;
    this.directory = directory;
    this.#settings = settings;
    this.#preparation = settings.preparation ?? new Preparation();
    this.#written = new WrittenBundle(written, settings, directory);
    let resolvePlanned: (planned?: Planned) => void = () => {};
    this.#planned = new Promise((resolve) => {
      resolvePlanned = resolve;
    });
    const begin = () =>
      this.#copy(changed?.files ?? [...this.#written.publicTargets, ...targets], {
        prune: changed ? false : 'placed',
        ...(emptied && { emptiedAt: emptied.at, pruneRoots: ['.'], keep }),
        leave,
        overlaps: this.#written.publicTargets.length > 0 && targets.length > 0,
        onPlanned: (planned) => {
          this.#written.look(planned);
          resolvePlanned(planned);
        },
      });
    const copied = orphaned.length > 0 ? this.#deleteOrphaned(orphaned).then(begin) : begin();
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
    // A small copy has ended by now, or is about to; what it failed with is known a turn later.
    if (planned && planned.files <= FEW_FILES) await (this.#grace ??= within(GRACE_MS, this.#finished));
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

  /** The bundle is written: copies the targets' files that win over it. */
  async placeTargets(): Promise<void> {
    if (this.#overwritten.size === 0) return;
    const collisions = [...this.#overwritten.values()];
    this.#overwritten.clear();
    const before = this.#again;
    const again = this.#copy(
      collisions.map((collision) => this.#targetOf(collision)),
      { entries: true },
    );
    this.#again = again.then(async (report) => (before ? addAgain(await before, report) : report));
    this.#again.catch((error: unknown) => {
      this.#failure = { error };
    });
    await this.#again;
  }

  /** What the user should know of files that are both public and a target's, unless the bundle has them too. */
  async overlapMessages(): Promise<string[]> {
    const { overlaps = [] } = await this.#finished;
    const { told = [] } = this.#settings;
    const bundled = [...told, ...this.#gone, ...this.overlaps.map(({ file }) => file.destination)];
    const messages = overlapMessages(overlaps, this.#settings, this.directory);
    for (const destination of bundled) messages.delete(destination);
    return [...messages.values()];
  }

  /** What was done so far. Each file counts once, and none that had to give way for good. */
  async report(): Promise<CopyReport> {
    const again = await this.#again;
    const planned = await this.#planned;
    const { overlaps: _overlaps, ...first } = await this.#finished;
    const stayed = withoutEntries(first, planned!.entries(this.#gone));
    const report = this.#emptied ? withDeleted(stayed, this.#emptied.deleted, planned!) : stayed;
    return again ? addReports(report, again) : report;
  }

  /** Ends the copy. Resolves when no thread works on it any more, with what had gone wrong until then. */
  async cancel(): Promise<unknown> {
    this.#abort.abort();
    await Promise.allSettled([this.#finished, this.#again]);
    const error = this.#failure?.error;
    return error instanceof CopyError && error.code === 'ABORT_ERR' ? undefined : error;
  }

  async #copy(targets: readonly Target[], options: CopyOptions = {}): Promise<CopyReport> {
    const { directory, cacheDirectory, engine } = this.#settings;
    return this.#preparation.start(targets, {
      ...engine,
      cwd: directory,
      manifest: manifestFile(cacheDirectory, directory),
      signal: this.#abort.signal,
      ...options,
    });
  }

  async #deleteOrphaned(cacheDirectories: readonly string[]): Promise<void> {
    for (const cacheDirectory of cacheDirectories) {
      const manifest = manifestFile(cacheDirectory, this.directory);
      await this.#copy([], { manifest, prune: 'placed', pruneRoots: ['.'] });
      await fs.rm(manifest, { force: true });
    }
  }

  /** The one file, under the name the target gives it. */
  #targetOf({ file: { source, destination }, target }: Collision): Target {
    const { transform } = target!;
    const below = pathBelow(target!, this.directory, destination);
    return {
      from: source,
      to: path.dirname(destination),
      // Checked with the target it comes from.
      allowOutside: true,
      rename: path.basename(destination),
      overwrite: true,
      ...(transform && { transform: (content, { source }) => transform(content, { source, path: below }) }),
    };
  }
}

/** Resolves when something is over, whichever way, or after so many milliseconds. */
async function within(ms: number, outcome: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const over = outcome.then(
    () => {},
    () => {},
  );
  await Promise.race([over, wait(ms, undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}

/** Files may be copied again after each of several bundles; the last time counts. */
function addAgain(before: CopyReport, again: CopyReport): CopyReport {
  const places = new Set(again.entries!.map(({ destination }) => destination));
  const repeated = before.entries!.filter(({ destination }) => places.has(destination));
  return addReports(withoutEntries(before, repeated), again);
}

/** With what was deleted when the directory was emptied, and is not there again: copied, or written by the bundler. */
function withDeleted(report: CopyReport, deleted: readonly string[], planned: Planned): CopyReport {
  const replaced = new Set(planned.find(deleted).map(({ destination }) => destination));
  const gone = deleted.filter((each) => !replaced.has(each) && !linkStatsOf(each));
  const entries = gone.map((destination): CopyEntry => ({ destination, action: 'pruned', bytes: 0 }));
  return {
    ...report,
    pruned: report.pruned + gone.length,
    ...(report.entries && { entries: [...report.entries, ...entries] }),
  };
}

function completed(report: CopyReport, { changed }: OutputSettings): CopyReport {
  return changed ? { ...report, unchanged: report.unchanged + changed.others } : report;
}
