import fs from 'node:fs';
import path from 'node:path';
import { CopyError } from '../errors.ts';
import { isInside } from '../inside.ts';
import type { PlannedQueue, QueuedBatch, TransformedFolder, UnchangedFolder } from '../model/batch.ts';
import { chooseFiles, type Files, type Folder, linksOf, namesAs } from '../model/files.ts';
import type { JobSettings, PlanSettings } from '../model/job.ts';
import type { TransferSettings } from '../model/settings.ts';
import { isSpecialFile, tryOr } from '../platform/path-status.ts';
import { FileStatus } from '../platform/status.ts';
import type { System } from '../platform/system.ts';
import { addLost, type Tally } from '../report.ts';
import { Pending } from '../scan/pending.ts';
import type { ResolvedTarget } from '../target.ts';
import { type CopiedDirectory, setDirectoryAttributes } from '../transfer/directories.ts';
import {
  CollisionCheck,
  destinationOf,
  type FoundIn,
  hasOwnNames,
  resolveOverlaps,
  sourceOf,
  toOverlap,
  without,
} from './collisions.ts';
import { type EarlierRuns, type PlanContext, type PlanInput, startScan } from './inputs.ts';
import { chooseRecords, forgetSource, RECORD_WORDS, rememberChange } from './record.ts';
import { SameNames } from './same-names.ts';

/** Used in place of records for files that are all up to date: the manifest keeps their records. */
const AS_RECORDED = new Uint32Array();

/**
 * How many files a thread takes at a time: few enough to share the work, many enough to open directories only once.
 */
const BATCH_FILES = 64;

/**
 * Plans a copy: finds the files, compares them with what was copied before, deletes stale files, and publishes the
 * others as batches. The planning is a generator, so that the main thread can pause it and wait for functions of the
 * user.
 */
export class Planner {
  readonly #context: PlanContext;
  readonly #queue: PlannedQueue;
  readonly #plan: PlanSettings;
  readonly #job: JobSettings;
  readonly #system: System;
  readonly #tally: Tally;
  readonly #earlier: EarlierRuns;
  readonly #found: PlanInput;
  readonly #keepsLinks: boolean;
  /** The batches that are not yet added to the manifest. */
  readonly #published: QueuedBatch[] = [];
  /** The directories that get the attributes of their sources at the end. */
  readonly #directories: CopiedDirectory[] = [];
  readonly #noted = new Set<string>();
  /** The files that are not published because they have to be transformed. */
  readonly transformed: TransformedFolder[] = [];
  /** The folders that are not published because they are up to date. */
  readonly #unchanged: Folder[] = [];
  /** Whether the manifest must not be written, because it would replace a copied file. */
  #isManifestRefused = false;
  /** The folders that are planned but not published, in reverse order, with the manifest's records of their files. */
  #waiting: { folder: Folder; records: Uint32Array | undefined }[] = [];

  constructor(context: PlanContext, earlier: EarlierRuns) {
    const { queue, plan, job, system, tally } = context;
    this.#earlier = earlier;
    this.#found = startScan(context, earlier);
    this.#context = context;
    this.#queue = queue;
    this.#plan = plan;
    this.#job = job;
    this.#system = system;
    this.#tally = tally;
    this.#keepsLinks = [job.transfer, ...plan.targets].some(({ preserve }) => preserve?.includes('links'));
  }

  /** Publishes all batches and closes the queue. */
  *publish(): Generator<Pending | undefined> {
    const { leave, targets } = this.#plan;
    const found = this.#found.folders;
    const folders = leave.length > 0 ? without(found, leave) : found;
    const isPlain = hasOwnNames(targets);
    // The first files are copied while the scan still looks for others.
    const isStreamed = isPlain && !this.#prunes;
    const names = new SameNames(!this.#job.dryRun);
    const check = new CollisionCheck(names);
    const all: Folder[] = [];
    for (const folder of folders) {
      if (folder instanceof Pending) {
        yield folder;
        continue;
      }
      if (isPlain) check.add(folder);
      this.#refuseManifest(folder);
      if (isStreamed) this.#publishFolder(folder);
      else all.push(folder);
      yield;
      if (isStreamed) this.#recordCopied();
    }
    if (!isStreamed) {
      const { overwrite } = this.#job.transfer;
      const rules = { overwrite, names, onOverlap: this.#onOverlap };
      yield* this.#publishAll(isPlain ? all : resolveOverlaps(all, rules));
    }
    this.#queue.close();
  }

  /** Deletes what is stale, and publishes the folders. */
  *#publishAll(folders: readonly Folder[]): Generator<undefined> {
    this.#waiting = folders.map((folder) => ({ folder, records: this.#recordsOf(folder) })).reverse();
    let deleted = false;
    if (this.#mayPrune()) {
      const { manifest } = this.#found;
      deleted = yield* this.#earlier!.prune({ ...this.#context, manifest }, folders);
      if (manifest?.keepsLinks) this.#rememberDeletions();
    }
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop()) {
      const folder = deleted ? this.#asItIs(next.folder) : next.folder;
      this.#publishFolder(folder, folder === next.folder ? next.records : this.#recordsOf(folder));
    }
  }

  /** Call this after all threads have ended and have reported to the queue how much they copied. */
  finish(): void {
    try {
      if (!this.#queue.stopped && !this.#job.dryRun) this.#setDirectoryAttributes();
    } finally {
      try {
        this.#saveManifest();
      } finally {
        this.#found.manifest?.close();
      }
    }
  }

  /** Gives directories the attributes of their sources, after everything in them was copied. */
  #setDirectoryAttributes(): void {
    const warn = (message: string) => void this.#tally.warnings.push(message);
    const lost: Parameters<typeof setDirectoryAttributes>[4] = (attribute, errno, first) =>
      addLost(this.#tally.lost, attribute, { count: 1, first, errno });
    setDirectoryAttributes(this.#system, this.#job.transfer, this.#directories, warn, lost);
  }

  /** Adds the records of what was copied, and writes the manifest. */
  #saveManifest(): void {
    const { manifest: file } = this.#plan;
    const { manifest } = this.#found;
    if (file === undefined || !manifest || this.#job.dryRun || this.#isManifestRefused) return;
    // The files that were copied before an error are not counted.
    const mayHaveCopied = this.#queue.copied > 0 || this.#queue.stopped;
    if (!mayHaveCopied && !manifest.changed && fs.existsSync(file)) return;
    for (const batch of this.#published) {
      if (this.#keepsLinks) this.#rememberChanges(batch, batch.records!);
      this.#record(batch, batch.records);
    }
    // The copy ended early: what still waits is unchanged.
    for (const { folder, records } of [...this.transformed, ...this.#waiting]) this.#record(folder, records);
    try {
      manifest.write(file, this.#system);
    } catch (error) {
      // A cache on a read-only filesystem is no reason to fail: the files are copied.
      this.#tally.warnings.push(
        `${(error as Error).message}; without it the next copy copies everything again`,
      );
    }
  }

  /**
   * Moves the records of copied batches to the manifest, which may keep them on disk: in memory they would be most of
   * what a large copy needs.
   */
  #recordCopied(): void {
    // The record of a file with several hard links is final only after all of its names are linked.
    if (this.#keepsLinks || this.#job.dryRun) return;
    let finished = 0;
    for (const batch of this.#published) {
      if (!this.#queue.isFinished(batch)) break;
      this.#record(batch, batch.records);
      finished++;
    }
    if (finished > 0) this.#published.splice(0, finished);
  }

  #record(files: Folder | QueuedBatch, records: Uint32Array | undefined): void {
    if (records && records !== AS_RECORDED && this.#job.recorded)
      this.#found.manifest?.add(path.join(files.root, files.below), namesAs(files), records);
  }

  /** The unchanged files. Empty unless the queue keeps outcomes. */
  get unchanged(): UnchangedFolder[] {
    return this.#unchanged.map(({ source, root, below, names, target }) => ({
      source,
      root,
      below,
      target: this.#plan.targets.indexOf(target),
      names,
    }));
  }

  /** Whether there may be something to delete. */
  get #prunes(): boolean {
    const { prune, pruneRoots } = this.#plan;
    const known = [...(this.#found.manifest?.folders.keys() ?? [])];
    if (prune !== 'everything') return prune === 'placed' && known.length > 0;
    if (pruneRoots.some((root) => !isEmpty(root))) return true;
    return known.some((directory) => !pruneRoots.some((root) => isInside(root, directory)));
  }

  /** Whether to delete: a source that cannot be read may be the source of a file in the destination. */
  #mayPrune(): boolean {
    if (!this.#earlier || this.#tally.errors.length === 0) return this.#earlier !== undefined;
    if (this.#prunes)
      this.#tally.warnings.push('nothing was deleted, because a part of the source cannot be read');
    return false;
  }

  readonly #onOverlap = (kept: FoundIn, left: FoundIn): void => {
    const { overlaps, targets } = this.#plan;
    if (overlaps) this.#tally.overlaps.push(toOverlap(targets, kept, left));
    else if (destinationOf(kept) !== destinationOf(left) && kept.folder.target !== left.folder.target)
      this.#tally.warnings.push(
        `${JSON.stringify(sourceOf(left))} was not copied to ${JSON.stringify(destinationOf(left))}: the filesystem takes that name and ${JSON.stringify(path.basename(destinationOf(kept)))} for one, and ${JSON.stringify(sourceOf(kept))} goes there`,
      );
  };

  /** Updates the records of the files that are not published yet, after names of some were deleted. */
  #rememberDeletions(): void {
    if (this.#context.changed.isEmpty) return;
    for (const each of this.#waiting) {
      const { folder } = each;
      const directory = path.join(folder.root, folder.below);
      const isRecalled = each.records === AS_RECORDED;
      const records = isRecalled ? this.#found.manifest!.take(directory, namesAs(folder)) : each.records;
      if (!records) continue;
      if (this.#rememberChanges(folder, records)) each.records = records;
      else if (isRecalled) this.#found.manifest!.keep(directory, folder.names.length);
    }
  }

  /**
   * Updates the records of files of which this copy has changed other names, because that gave them another change time.
   * Returns whether there are any.
   */
  #rememberChanges(files: Folder | QueuedBatch, records: Uint32Array): boolean {
    const { system, changed } = this.#context;
    const names = namesAs(files);
    const found = [...names.keys()].filter((file) => changed.has(records, file));
    if (found.length === 0) return false;
    const opened = system.openDirectory(path.join(files.root, files.below));
    if (typeof opened === 'number') return true;
    const status = new FileStatus();
    for (const file of found)
      if (system.status(opened, names[file]!, false, status) >= 0) rememberChange(records, file, status);
    system.closeDirectory(opened);
    return true;
  }

  /**
   * An unchanged directory may be gone: pruning deleted it, or deleted a link that led to it. Then it must be copied.
   */
  #asItIs(folder: Folder): Folder {
    if (!folder.unchanged) return folder;
    const opened = this.#system.openDirectory(path.join(folder.root, folder.below));
    if (typeof opened === 'number') return { ...folder, unchanged: undefined };
    this.#system.closeDirectory(opened);
    return folder;
  }

  #recordsOf(folder: Folder): Uint32Array | undefined {
    const { manifest } = this.#found;
    const directory = path.join(folder.root, folder.below);
    if (folder.unchanged && manifest?.keep(directory, folder.names.length)) return AS_RECORDED;
    return manifest?.take(directory, namesAs(folder));
  }

  /** Throws if the manifest is the destination of a file: it is written last, and would replace the copy. */
  #refuseManifest(folder: Folder): void {
    const { manifest } = this.#plan;
    if (manifest === undefined || path.dirname(manifest) !== path.join(folder.root, folder.below)) return;
    const file = namesAs(folder).indexOf(path.basename(manifest));
    if (file < 0) return;
    this.#isManifestRefused = true;
    const reason =
      'the option "manifest" (--manifest) names the destination of this file; name a file outside of the destination';
    throw new CopyError({
      code: 'ERR_MANIFEST',
      reason,
      source: sourceOf({ folder, file }),
      destination: manifest,
    });
  }

  #publishFolder(folder: Folder, records: Uint32Array | undefined = this.#recordsOf(folder)): void {
    this.#noteDirectories(folder);
    if (folder.unchanged && records) {
      this.#countUnchanged(folder, records);
      return;
    }
    const { dryRun, transfer } = this.#job;
    if (folder.target.transform && !dryRun && this.#setAside(folder, records)) return;
    // An earlier copy may have copied the files as they are.
    if (folder.target.transform && dryRun && records)
      for (const file of folder.names.keys()) forgetSource(records, file);
    const { source, root, below, mirrors } = folder;
    const { overwrite, symlinks, preserve } = dryRun ? untransformed(folder.target, transfer) : folder.target;
    const { length: count } = folder.names;
    const linked = linksOf(folder);
    const target = this.#plan.targets.indexOf(folder.target);
    let first: QueuedBatch | undefined;
    let start = 0;
    try {
      do {
        const end = Math.min(start + BATCH_FILES, count);
        const { names, renamed, links } = sliceFiles(folder, start, end, linked);
        const batch = this.#queue.publish(
          {
            source,
            root,
            below,
            mirrors,
            target,
            overwrite,
            symlinks,
            preserve,
            names,
            renamed,
            links,
          },
          records?.subarray(start * RECORD_WORDS, end * RECORD_WORDS),
          first,
        );
        first ??= batch;
        if (this.#job.recorded) this.#published.push(batch);
        start = end;
      } while (start < count);
    } catch (error) {
      // The manifest still has to record the files that were not published.
      const rest = { ...folder, ...sliceFiles(folder, start, count, linked) };
      this.#waiting.push({ folder: rest, records: records?.subarray(start * RECORD_WORDS) });
      throw error;
    }
  }

  /** Records a directory for {@link #setDirectoryAttributes}, and its parents, which may contain no files themselves. */
  #noteDirectories({ source, root, below, mirrors, target: { preserve } }: Folder): void {
    const getsAttributes = preserve !== undefined || this.#job.transfer.preserveDirectories;
    if (!getsAttributes || mirrors === undefined) return;
    let [original, place] = [source, below];
    while (mirrors === 'root' || place !== '') {
      // If the directory was recorded before, its parents were too.
      const key = `${original}\0${root}\0${place}`;
      if (this.#noted.has(key)) return;
      this.#noted.add(key);
      this.#directories.push({ source: original, root, below: place, preserve });
      if (place === '') return;
      original = path.dirname(original);
      place = place.slice(0, Math.max(0, place.lastIndexOf('/')));
    }
  }

  #countUnchanged(folder: Folder, records: Uint32Array): void {
    this.#record(folder, records);
    if (this.#queue.keepsOutcomes) this.#unchanged.push(folder);
    this.#tally.unchanged += folder.names.length;
    if (!this.#job.entries) return;
    const { source, root, below, names } = folder;
    // With exactly one separator at the end, also for the root of a filesystem.
    const from = path.join(source, path.sep);
    const to = path.join(root, below, path.sep);
    for (const name of names)
      this.#tally.entries.push({
        source: from + name,
        destination: to + name,
        action: 'unchanged',
        bytes: 0,
      });
  }

  /** Keeps the files to transform for the calling thread. Returns false if there are none. */
  #setAside(folder: Folder, records: Uint32Array | undefined): boolean {
    const kept = new Set(this.#withoutContent(folder));
    const numbers = [...folder.names.keys()].filter((file) => !kept.has(file));
    if (numbers.length === 0) return false;
    const number = this.#plan.targets.indexOf(folder.target);
    const known = records ?? new Uint32Array(folder.names.length * RECORD_WORDS);
    const part = (chosen: number[]) => ({
      folder: { ...folder, ...chooseFiles(folder, chosen) },
      records: chooseRecords(known, chosen),
    });
    this.transformed.push({ number, ...part(numbers), results: [] });
    if (kept.size > 0) {
      const rest = part([...kept]);
      this.#publishFolder(rest.folder, rest.records);
    }
    return true;
  }

  /** Positions of the entries without content to transform: links that are kept, FIFOs, devices and sockets. */
  #withoutContent({ source, names, links = [], target }: Folder): number[] {
    const { symlinks, preserve } = this.#job.transfer;
    if ((target.symlinks ?? symlinks) === 'keep') return links;
    if (!(target.preserve ?? preserve).includes('devices')) return [];
    return links.filter((file) => isSpecialFile(path.join(source, names[file]!)));
  }
}

/** The files of a folder from `start` to `end`. `linked` is what {@link linksOf} returns for the folder. */
function sliceFiles(folder: Folder, start: number, end: number, linked: ReadonlySet<number>): Files {
  const { names, renamed, links } = folder;
  if (start === 0 && end >= names.length) return { names, renamed, links };
  if (!renamed && !links) return { names: names.slice(start, end) };
  // Looks at no other file: a folder of 100,000 files has 1,500 slices.
  const chosen = Array.from({ length: end - start }, (_none, file) => start + file);
  return chooseFiles(folder, chosen, linked);
}

/**
 * The options by which a dry run compares the files of a target. If the target has a transform, the new contents are not
 * known, so that size and time do not show an unchanged file. Transformed files are never hard links to each other.
 */
function untransformed(target: ResolvedTarget, transfer: TransferSettings): ResolvedTarget {
  const { transform, overwrite = transfer.overwrite, preserve = transfer.preserve } = target;
  if (!transform) return target;
  return {
    ...target,
    overwrite: overwrite === 'changed' ? true : overwrite,
    preserve: preserve.filter((each) => each !== 'links'),
  };
}

/** Also true if it is missing or not a directory: then copying the first file reports the error. */
function isEmpty(directory: string): boolean {
  return tryOr([], () => fs.readdirSync(directory)).length === 0;
}
