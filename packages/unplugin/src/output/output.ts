import fs from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CopyOptions, CopyReport, Overlap, Planned, Target } from 'fs-reflink';
import { CopyError } from 'fs-reflink/host';
import { linkStatsOf } from '../targets/stats.ts';
import { allTargets, originOf, pathBelow, targetOfFile } from '../targets/targets.ts';
import { manifestFile } from './cache.ts';
import { type Collision, findCollisions, overlapMessages, refuseNested } from './collisions.ts';
import { type Emptied, type EmptySettings, keepPlannedDirectories } from './empty.ts';
import { OutputReport } from './output-report.ts';
import type { Preparation } from './preparation.ts';
import { explainByBundle, writtenBundle } from './written.ts';

export interface OutputSettings extends Omit<EmptySettings, 'snapshot'> {
  /** The result of {@link emptyOutput}, if the directory was emptied. */
  emptied?: Emptied | undefined;
  /** Directories of the manifests of configurations that no longer exist. The copy first deletes their files. */
  orphaned?: readonly string[];
  /**
   * Files of the bundle, relative to the directory, for hosts whose bundle is written before anything is copied.
   * Other hosts call {@link OutputCopy.deleteCollisions}.
   */
  written?: readonly string[];
  /**
   * The same, for hosts that resolve collisions themselves and write the bundle later. No copied directory may have
   * the name of such a file.
   */
  unwritten?: readonly string[];
  /** Absolute paths of files of the bundle. The copy skips files that it would copy there. */
  leave?: readonly string[];
  /** Absolute paths of copied files that the bundle has too, and that the host has warned the user about. */
  reported?: readonly string[];
  /** The only files of the targets that have to be compared. `others` more files are known to be unchanged. */
  changed?: { files: Target<string>[]; others: number } | undefined;
  engine: CopyOptions;
  /** Only reports what would be copied and deleted. */
  dryRun?: boolean;
  /** The prepared copies that this copy is one of. */
  preparation: Preparation;
}

/**
 * The copy into one output directory. Everything is copied from the start, while the bundler works. If the bundle has
 * a file of the same name, the copied file is deleted before the bundle is written, and a target's file is copied
 * again afterwards.
 */
export class OutputCopy {
  readonly directory: string;
  readonly #settings: OutputSettings;
  /** Absolute paths that were deleted before the copy. The copy may have created some of them again. */
  readonly #deleted: string[];
  readonly #written: ReturnType<typeof writtenBundle>;
  /** The known files that bundles have in the directory, or will have, relative to it. */
  readonly #bundled: (readonly string[])[];
  readonly #planned: Promise<Planned | undefined>;
  readonly #finished: Promise<OutputReport>;
  readonly #abort = new AbortController();
  /** Files of targets that the bundle overwrites, by destination. */
  readonly #overwritten = new Map<string, Collision>();
  /** Destinations of files of the first copy that were deleted because the bundle has them. */
  readonly #replaced = new Set<string>();
  /** Destinations of imported files of bundles that were added after the copy had started. */
  readonly #late = new Set<string>();
  #again: Promise<void> | undefined;
  #overlaps: readonly Overlap[] = [];
  #failure: { error: unknown } | undefined;

  constructor(settings: OutputSettings) {
    const { directory, emptied, keep, written = [], leave = [], unwritten = [], changed } = settings;
    const { orphaned = [] } = settings;
    // A dry run does not report these files: the bundler would have deleted them without the plugin too.
    this.#deleted = settings.dryRun ? [] : [...(emptied?.deleted ?? [])];
    this.directory = directory;
    this.#settings = settings;
    this.#written = writtenBundle(written, settings, directory);
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
          keepPlannedDirectories(planned);
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
    // The error is kept for later calls. A build that fails before them must not cause an unhandled rejection.
    this.#finished.catch((error: unknown) => {
      this.#failure = { error };
      resolvePlanned();
    });
  }

  /** The copied files that a bundle written before has too. Complete after everything is copied. */
  get overlaps(): Collision[] {
    return this.#written.collisions;
  }

  /**
   * Call this before the bundle is written. Deletes the copied files that have the name of a file of the bundle.
   * Resolves when nothing more will be deleted. Rejects with the error of the copy, if it has failed.
   */
  async deleteCollisions(names: readonly string[]): Promise<Collision[]> {
    this.#bundled.push(names);
    const planned = await this.#planned;
    // A small copy has usually ended by now. Its error, which tells more than the bundler's, is known one turn later.
    await nextTurn();
    if (this.#failure) throw this.#explained(this.#failure.error);
    const collisions = findCollisions(planned!, this.#settings, this.directory, names);
    if (collisions.length === 0) return [];
    await this.#finished;
    for (const collision of collisions) {
      const { destination } = collision.file;
      // Another output of the build may have written its own file there in the meantime.
      if (collision.target) this.#overwritten.set(destination, collision);
      else if (this.#replaced.has(destination)) continue;
      this.#replaced.add(destination);
      // The file must be deleted: the bundler would write through a link, and a file may be read-only. It is deleted
      // by both spellings, the bundle's first, because FUSE caches the lookup of a name for a while.
      for (const spelling of new Set([collision.bundled, destination]))
        await fs.rm(spelling, { force: true });
    }
    return collisions;
  }

  /** Call this before another bundle that has these files is written. Copies those that are not copied yet. */
  addAssets(assets: readonly Target<string>[]): void {
    if (assets.length === 0) return;
    void this.#continue(() => this.#copyLate(assets));
  }

  /** Copies more, after everything that was to be copied before. The error is kept for later calls. */
  #continue(copy: () => Promise<void>): Promise<void> {
    const again = (this.#again ?? Promise.resolve()).then(copy);
    again.catch((error: unknown) => {
      this.#failure = { error };
    });
    this.#again = again;
    return again;
  }

  async #copyLate(assets: readonly Target<string>[]): Promise<void> {
    const report = await this.#finished;
    const planned = (await this.#planned)!;
    const destinations = assets.map(destinationOf);
    // A target's file is kept over an asset, and a public file is not.
    const found = planned
      .find(destinations)
      .filter(({ target }) => originOf(this.#settings, target) !== 'public');
    const taken = new Set([...this.#late, ...found.map(({ destination }) => destination)]);
    const late = assets.filter((each) => !taken.has(destinationOf(each)));
    if (late.length === 0) return;
    for (const each of late) this.#late.add(destinationOf(each));
    report.copiedAgain(await this.#copy(late, { entries: true }));
  }

  /** Resolves when everything is copied, except what is copied after the bundle. Rejects if a copy has failed. */
  async waitForCopy(): Promise<void> {
    await this.#finished;
    await this.#again;
  }

  /** Call this when the bundle is written. Copies the files of targets that the bundle has overwritten. */
  async copyTargetsAgain(): Promise<void> {
    if (this.#overwritten.size === 0) return;
    const collisions = [...this.#overwritten.values()];
    this.#overwritten.clear();
    const targets = collisions.map((collision) => this.#targetOf(collision));
    await this.#continue(async () => {
      const report = await this.#copy(targets, { entries: true });
      (await this.#finished).copiedAgain(report);
    });
  }

  /** Warnings about files that overlap within the copy, without those that the bundle has too. */
  async overlapMessages(): Promise<string[]> {
    await this.#finished;
    const { reported = [] } = this.#settings;
    const bundled = [...reported, ...this.#replaced, ...this.overlaps.map(({ file }) => file.destination)];
    const messages = overlapMessages(this.#overlaps, this.#settings, this.directory);
    for (const destination of bundled) messages.delete(destination);
    return [...messages.values()];
  }

  /** The report of what was done so far. Each file counts once. Files that the bundle has replaced do not count. */
  async report(): Promise<CopyReport> {
    await this.#again;
    const report = await this.#finished;
    const planned = (await this.#planned)!;
    const copied = new Set(planned.find(this.#deleted).map(({ destination }) => destination));
    const deleted = this.#deleted.filter((each) => !copied.has(each));
    return report.toReport(planned.entries(this.#replaced), deleted, this.#isWritten());
  }

  #explained(error: unknown): unknown {
    return explainByBundle(error, this.#bundled.flat(), this.#settings, this.directory);
  }

  /** Returns a function that tells whether a deleted file exists again, or will exist when the bundle is written. */
  #isWritten(): (file: string) => boolean {
    let bundle: Set<string> | undefined;
    return (file) => {
      bundle ??= new Set(this.#bundled.flat().map((name) => path.join(this.directory, name)));
      if (bundle.has(file)) return true;
      // There may be a directory in its place.
      return !this.#settings.dryRun && linkStatsOf(file)?.isDirectory() === false;
    };
  }

  /** Cancels the copy. Resolves when no thread works on it any more, with the error that it failed with before. */
  async cancel(): Promise<unknown> {
    this.#abort.abort();
    await Promise.allSettled([this.#finished, this.#again]);
    const error = this.#failure?.error;
    return error instanceof CopyError && error.code === 'ABORT_ERR' ? undefined : error;
  }

  async #copy(targets: readonly Target<string>[], options: CopyOptions = {}): Promise<CopyReport> {
    const { directory, cacheDirectory, engine, preparation, dryRun } = this.#settings;
    const all: CopyOptions = {
      ...engine,
      cwd: directory,
      manifest: manifestFile(cacheDirectory, directory),
      signal: this.#abort.signal,
      entries: engine.entries || 'pruned',
      ...options,
    };
    return preparation.copy(targets, all, dryRun);
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

  /** A target for one file, with the name that the file's target gives it. */
  #targetOf({ file, target }: Collision): Target<string> {
    const { transform } = target!;
    const below = pathBelow(target!, this.directory, file.destination);
    return {
      ...targetOfFile(file, target),
      ...(transform && { transform: (content, { source }) => transform(content, { source, path: below }) }),
    };
  }
}

/** The destination of a target that is one file. */
function destinationOf({ to, rename }: Target<string>): string {
  return path.join(to!, rename as string);
}
