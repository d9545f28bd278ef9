import fs from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { CopyOptions, CopyReport, Overlap, Planned, Target } from 'fs-reflink';
import { CopyError } from 'fs-reflink/host';
import { linkStatsOf } from '../targets/stats.ts';
import { allTargets, originOf, pathBelow, targetOfFile } from '../targets/targets.ts';
import { manifestFile } from './cache.ts';
import { type Collision, findCollisions, overlapMessages, refuseNested } from './collisions.ts';
import { type Emptied, type EmptySettings, emptyOutput } from './empty.ts';
import { OutputReport } from './output-report.ts';
import { Preparation } from './preparation.ts';
import { explainByBundle, WrittenBundle } from './written.ts';

/** So many files are copied while the bundler renders, as a rule. */
const FEW_FILES = 32;
/** How long the bundle waits for them, so that their error comes first: the bundler's would say less. */
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
   * others call {@link OutputCopy.deleteCollisions}.
   */
  written?: readonly string[];
  /** The same, for hosts that have settled collisions themselves and write it later: no directory of ours may have its names. */
  unwritten?: readonly string[];
  /** Absolute paths that are the bundle's: what targets would copy there is not copied. */
  leave?: readonly string[];
  /** Absolute paths of files of ours that the host has reported the user of, because the bundle has them too. */
  reported?: readonly string[];
  /** No file of the targets but these has to be compared; `others` are known to be unchanged. */
  changed?: { files: Target<string>[]; others: number } | undefined;
  engine: CopyOptions;
  /** Only reports what would be copied and deleted. */
  dryRun?: boolean;
  /** What the copy starts from. */
  preparation?: Preparation;
}

/**
 * The copy into one output directory. Everything is copied from the start on, while the bundler is at work; where
 * the bundle has a file of the same name, ours is deleted before it is written, and a target's is copied again after.
 */
export class OutputCopy {
  readonly directory: string;
  readonly #settings: OutputSettings;
  /** Absolute paths that were deleted before the copy, which may have written some of them again. */
  readonly #deleted: string[];
  readonly #written: WrittenBundle;
  /** Files that bundles have there, or will have, relative to the directory, as far as is known. */
  readonly #bundled: (readonly string[])[];
  readonly #planned: Promise<Planned | undefined>;
  readonly #finished: Promise<OutputReport>;
  readonly #preparation: Preparation;
  readonly #abort = new AbortController();
  /** Files of targets that the bundle overwrites, by destination. */
  readonly #overwritten = new Map<string, Collision>();
  /** Files of the first copy that were deleted for the bundle's, by destination. */
  readonly #replaced = new Set<string>();
  /** Files of bundles that began to be written after the copy had, by destination. */
  readonly #late = new Set<string>();
  #again: Promise<void> | undefined;
  #overlaps: readonly Overlap[] = [];
  /** Once, however many bundles are written. */
  #grace: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  constructor(settings: OutputSettings) {
    const {
      directory,
      empty,
      keep,
      written = [],
      leave = [],
      unwritten = [],
      changed,
      orphaned = [],
    } = settings;
    const emptied = settings.emptied ?? (empty ? emptyOutput(settings) : undefined);
    // What a dry run deletes the bundler would have: nothing of ours.
    this.#deleted = settings.dryRun ? [] : [...(emptied?.deleted ?? [])];
    this.directory = directory;
    this.#settings = settings;
    this.#preparation = settings.preparation ?? new Preparation();
    this.#written = new WrittenBundle(written, settings, directory);
    this.#bundled = [written, unwritten];
    let resolvePlanned: (planned?: Planned) => void = () => {};
    this.#planned = new Promise((resolve) => {
      resolvePlanned = resolve;
    });
    const parts = [settings.publicTargets, settings.assets ?? [], settings.targets];
    const begin = () =>
      this.#copy(changed?.files ?? allTargets({ ...settings, publicTargets: this.#written.publicTargets }), {
        prune: changed ? false : 'placed',
        ...(emptied && { emptiedAt: emptied.at, pruneRoots: ['.'], keep }),
        leave,
        overlaps: parts.filter((each) => each.length > 0).length > 1,
        onPlanned: (planned) => {
          this.#written.planned(planned);
          refuseNested(planned, settings, directory, unwritten);
          resolvePlanned(planned);
        },
      });
    const copied = orphaned.length > 0 ? this.#deleteOrphaned(orphaned).then(begin) : begin();
    this.#finished = copied.then(
      ({ overlaps = [], ...report }) => {
        this.#overlaps = overlaps;
        return new OutputReport({ ...report, unchanged: report.unchanged + (changed?.others ?? 0) });
      },
      (error: unknown) => {
        throw this.#explained(error);
      },
    );
    // Kept to be reported when asked; a build that fails before must not end in an unhandled rejection.
    this.#finished.catch((error: unknown) => {
      this.#failure = { error };
      resolvePlanned();
    });
  }

  /** Which files of ours were in the bundle that was written before. Complete once everything is copied. */
  get overlaps(): Collision[] {
    return this.#written.collisions;
  }

  /**
   * The bundle is about to be written: resolves when nothing more will be deleted, and files of ours that have
   * the name of one of the bundle's are deleted. Rejects with what went wrong so far.
   */
  async deleteCollisions(names: readonly string[]): Promise<Collision[]> {
    this.#bundled.push(names);
    const planned = await this.#planned;
    // A small copy has ended by now, or is about to; what it failed with is known a turn later.
    if (planned && planned.files <= FEW_FILES) await (this.#grace ??= within(GRACE_MS, this.#finished));
    await nextTurn();
    if (this.#failure) throw this.#explained(this.#failure.error);
    const collisions = findCollisions(planned!, this.#settings, this.directory, names);
    if (collisions.length === 0) return [];
    await this.#finished;
    for (const collision of collisions) {
      const { destination } = collision.file;
      // Another output of the build may have written its own there meanwhile.
      if (collision.target) this.#overwritten.set(destination, collision);
      else if (this.#replaced.has(destination)) continue;
      this.#replaced.add(destination);
      // Not left to be overwritten: a link would be written through, and a file may be read-only.
      // By both spellings, the bundle's first: FUSE remembers for a while what it found under a name.
      for (const spelling of new Set([collision.bundled, destination]))
        await fs.rm(spelling, { force: true });
    }
    return collisions;
  }

  /** Another bundle is about to be written there, which has these files: copies those that are not copied already. */
  addAssets(assets: readonly Target<string>[]): void {
    if (assets.length === 0) return;
    this.#again = this.#copyLate(assets, this.#again);
    this.#again.catch((error: unknown) => {
      this.#failure = { error };
    });
  }

  async #copyLate(assets: readonly Target<string>[], before: Promise<void> | undefined): Promise<void> {
    await before;
    const report = await this.#finished;
    const planned = (await this.#planned)!;
    const destinations = assets.map(destinationOf);
    // A target's file wins over it; one of a public directory does not.
    const found = planned
      .find(destinations)
      .filter(({ target }) => originOf(this.#settings, target) !== 'public');
    const taken = new Set([...this.#late, ...found.map(({ destination }) => destination)]);
    const late = assets.filter((each) => !taken.has(destinationOf(each)));
    if (late.length === 0) return;
    for (const each of late) this.#late.add(destinationOf(each));
    report.copiedAgain(await this.#copy(late, { entries: true }));
  }

  /** Resolves when everything is copied that does not wait for the bundle. Rejects with what went wrong. */
  async waitForCopy(): Promise<void> {
    await this.#finished;
    await this.#again;
  }

  /** The bundle is written: copies the targets' files that win over it. */
  async copyTargetsAgain(): Promise<void> {
    if (this.#overwritten.size === 0) return;
    const collisions = [...this.#overwritten.values()];
    this.#overwritten.clear();
    const targets = collisions.map((collision) => this.#targetOf(collision));
    this.#again = this.#copyAgain(targets, this.#again);
    this.#again.catch((error: unknown) => {
      this.#failure = { error };
    });
    await this.#again;
  }

  async #copyAgain(targets: readonly Target<string>[], before: Promise<void> | undefined): Promise<void> {
    const report = await this.#copy(targets, { entries: true });
    await before;
    (await this.#finished).copiedAgain(report);
  }

  /** What the user should know of files that are both public and a target's, unless the bundle has them too. */
  async overlapMessages(): Promise<string[]> {
    await this.#finished;
    const { reported = [] } = this.#settings;
    const bundled = [...reported, ...this.#replaced, ...this.overlaps.map(({ file }) => file.destination)];
    const messages = overlapMessages(this.#overlaps, this.#settings, this.directory);
    for (const destination of bundled) messages.delete(destination);
    return [...messages.values()];
  }

  /** What was done so far. Each file counts once, and none that the bundle replaced for good. */
  async report(): Promise<CopyReport> {
    await this.#again;
    const report = await this.#finished;
    const planned = (await this.#planned)!;
    const copied = new Set(planned.find(this.#deleted).map(({ destination }) => destination));
    const { dryRun } = this.#settings;
    const deleted = this.#deleted.filter((each) => !copied.has(each));
    const replaced = dryRun ? report.entriesAt(this.#replaced) : planned.entries(this.#replaced);
    return report.toReport(replaced, deleted, this.#isWritten());
  }

  #explained(error: unknown): unknown {
    return explainByBundle(error, this.#bundled.flat(), this.#settings, this.directory);
  }

  /** Tells of the absolute path of a deleted file whether there is one again, or will be when the bundle is written. */
  #isWritten(): (file: string) => boolean {
    let bundle: Set<string> | undefined;
    return (file) => {
      bundle ??= new Set(this.#bundled.flat().map((name) => path.join(this.directory, name)));
      return bundle.has(file) || (!this.#settings.dryRun && linkStatsOf(file) !== undefined);
    };
  }

  /** Ends the copy. Resolves when no thread works on it any more, with what had gone wrong until then. */
  async cancel(): Promise<unknown> {
    this.#abort.abort();
    await Promise.allSettled([this.#finished, this.#again]);
    const error = this.#failure?.error;
    return error instanceof CopyError && error.code === 'ABORT_ERR' ? undefined : error;
  }

  async #copy(targets: readonly Target<string>[], options: CopyOptions = {}): Promise<CopyReport> {
    const { directory, cacheDirectory, engine, dryRun } = this.#settings;
    return this.#preparation[dryRun ? 'plan' : 'start'](targets, {
      ...engine,
      cwd: directory,
      manifest: manifestFile(cacheDirectory, directory),
      signal: this.#abort.signal,
      entries: engine.entries || 'pruned',
      ...options,
    });
  }

  async #deleteOrphaned(cacheDirectories: readonly string[]): Promise<void> {
    for (const cacheDirectory of cacheDirectories) {
      const manifest = manifestFile(cacheDirectory, this.directory);
      const { entries } = await this.#copy([], {
        manifest,
        prune: 'placed',
        pruneRoots: ['.'],
        entries: true,
      });
      for (const { action, destination } of entries!)
        if (action === 'pruned') this.#deleted.push(destination);
      if (!this.#settings.dryRun) await fs.rm(manifest, { force: true });
    }
  }

  /** The one file, under the name the target gives it. */
  #targetOf({ file, target }: Collision): Target<string> {
    const { transform } = target!;
    const below = pathBelow(target!, this.directory, file.destination);
    return {
      ...targetOfFile(file, target),
      ...(transform && { transform: (content, { source }) => transform(content, { source, path: below }) }),
    };
  }
}

/** Of a target that is one file. */
function destinationOf({ to, rename }: Target<string>): string {
  return path.join(to!, rename as string);
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
