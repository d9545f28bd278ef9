import fs from 'node:fs';
import path from 'node:path';
import type { Batch, JobSettings, PlanSettings } from '../execute/job.ts';
import type { Queue } from '../execute/queue.ts';
import type { TransformedFolder } from '../execute/transformed.ts';
import type { System } from '../platform/system.ts';
import type { Tally } from '../report.ts';
import type { Folder, FoundFile } from '../scan/folder.ts';
import { scanTargets } from '../scan/targets.ts';
import { Manifest } from './manifest.ts';
import { Outlook } from './outlook.ts';
import { PlannedTree, type PruneContext, pruneEverything, pruneStale, refuseSources } from './prune.ts';
import { RECORD_WORDS } from './record.ts';
import { type FoundIn, toOverlap, winnersOf, without } from './winners.ts';

/** Files one thread takes at a time: few enough to share the work out, many enough to open directories once. */
const BATCH_FILES = 64;

/**
 * Plans a copy: finds the files, compares with what was placed before, deletes what is stale and publishes
 * the rest as batches. Written as a generator, so that on the main thread it can be paused.
 */
export class Planner {
  readonly #queue: Queue;
  readonly #plan: PlanSettings;
  readonly #job: JobSettings;
  readonly #system: System;
  readonly #tally: Tally;
  /** Only on a dry run. */
  readonly #outlook: Outlook | undefined;
  #manifest: Manifest | undefined;
  /** What is not published, because it has to be transformed. */
  readonly transformed: TransformedFolder[] = [];
  /** Planned and not published yet, with what the manifest knows of them. */
  #waiting: { folder: Folder; records: Uint32Array | undefined }[] = [];

  constructor(queue: Queue, plan: PlanSettings, job: JobSettings, system: System, tally: Tally) {
    this.#queue = queue;
    this.#plan = plan;
    this.#job = job;
    this.#system = system;
    this.#tally = tally;
    if (job.dryRun) this.#outlook = new Outlook();
  }

  /** Publishes all batches and closes the queue. `found` may be there already. */
  *publish(found: Iterable<Folder> = this.#scan()): Generator<void> {
    const { manifest, cwd, prune, leave } = this.#plan;
    const folders = leave.length > 0 ? without(found, leave) : found;
    const warn = (message: string) => void this.#tally.warnings.push(message);
    if (manifest !== undefined) this.#manifest = Manifest.read(manifest, cwd, fingerprint(this.#job), warn);

    const prunes =
      prune === 'placed' || (prune === 'everything' && this.#plan.pruneRoots.some((root) => !isEmpty(root)));
    if (!prunes && this.#cannotCollide) {
      // The first files are placed while the rest is still being looked for.
      for (const folder of folders) {
        this.#publishFolder(folder);
        yield;
      }
    } else {
      const all: Folder[] = [];
      for (const folder of folders) {
        all.push(folder);
        yield;
      }
      const winners = this.#cannotCollide
        ? all
        : winnersOf(all, this.#job.transfer.overwrite, this.#onOverlap);
      const records = winners.map((folder) => this.#recordsOf(folder));
      this.#waiting = winners.map((folder, position) => ({ folder, records: records[position] }));
      yield* this.#prune(winners, records);
      for (const { folder, records } of this.#waiting.splice(0)) this.#publishFolder(folder, records);
    }
    this.#queue.close();
  }

  *#scan(): Generator<Folder> {
    const settings = { ...this.#plan, symlinks: this.#job.transfer.symlinks };
    yield* scanTargets(settings, (message) => this.#tally.warnings.push(message));
  }

  /** Notes what was placed, once all threads are done and have told the queue how much that was. */
  saveManifest(): void {
    const { manifest: file } = this.#plan;
    if (file === undefined || !this.#manifest || this.#job.dryRun) return;
    if (this.#queue.placed + this.#tally.pruned === 0 && fs.existsSync(file)) return;
    this.#manifest.dropTaken();
    for (let number = 0; number < this.#queue.length; number++) {
      const batch = this.#queue.batch(number);
      this.#manifest.add(path.join(batch.root, batch.below), destinationNames(batch), batch.records);
    }
    for (const { folder, records } of this.transformed)
      this.#manifest.add(path.join(folder.root, folder.below), namesIn(folder), records);
    // Pruning was ended in its middle: these are as they were.
    for (const { folder, records } of this.#waiting) {
      if (records) this.#manifest.add(path.join(folder.root, folder.below), namesIn(folder), records);
    }
    try {
      this.#manifest.write(file);
    } catch (error) {
      // A cache on a read-only filesystem is no reason to fail: the files are in place.
      this.#tally.warnings.push(
        `${(error as Error).message}; without it the next copy places everything anew`,
      );
    }
  }

  /** One whole directory under its own names cannot hold two files for one place. */
  get #cannotCollide(): boolean {
    const [target] = this.#plan.targets;
    return this.#plan.targets.length === 1 && target?.rename === undefined && !target?.flatten;
  }

  get #onOverlap(): ((kept: FoundIn, left: FoundIn) => void) | undefined {
    const { overlaps, targets } = this.#plan;
    if (!overlaps) return undefined;
    return (kept, left) => void this.#tally.overlaps.push(toOverlap(targets, kept, left));
  }

  *#prune(folders: Folder[], records: (Uint32Array | undefined)[]): Generator<void> {
    const { prune, pruneRoots, keep } = this.#plan;
    const context: PruneContext = {
      tally: this.#tally,
      entries: this.#job.entries,
      outlook: this.#outlook,
    };
    if (prune === 'everything') {
      const planned = new PlannedTree(folders, records, this.#job.transfer.overwrite);
      const roots = new Set(pruneRoots);
      refuseSources(roots, folders, keep);
      for (const root of roots) {
        yield* pruneEverything(root, planned, keep, context);
      }
    }
    if (prune && this.#manifest) yield* pruneStale(this.#manifest, this.#system, context);
  }

  #recordsOf(folder: Folder): Uint32Array | undefined {
    return this.#manifest?.take(path.join(folder.root, folder.below), namesIn(folder));
  }

  #publishFolder(folder: Folder, records: Uint32Array | undefined = this.#recordsOf(folder)): void {
    if (this.#outlook) this.#tally.directories += this.#outlook.make(folder);
    else if (folder.target.transform && this.#setAside(folder, records)) return;
    const { source, root, below, files } = folder;
    const { overwrite } = folder.target;
    const target = this.#plan.targets.indexOf(folder.target);
    for (let start = 0; start < files.length || start === 0; start += BATCH_FILES) {
      const part = files.slice(start, start + BATCH_FILES);
      this.#queue.publish(
        { source, root, below, target, overwrite, ...namesOf(part), vacant: this.#vacant(folder, part) },
        records?.subarray(start * RECORD_WORDS, (start + part.length) * RECORD_WORDS),
      );
    }
  }

  /** Keeps what is to be transformed for the calling thread. False: there is nothing but links that are kept. */
  #setAside(folder: Folder, records: Uint32Array | undefined): boolean {
    const keeps = this.#job.transfer.symlinks === 'keep';
    const numbers = [...folder.files.keys()].filter((file) => !(keeps && folder.files[file]!.link));
    if (numbers.length === 0) return false;
    const number = this.#plan.targets.indexOf(folder.target);
    const known = records ?? new Uint32Array(folder.files.length * RECORD_WORDS);
    const part = (chosen: number[]) => {
      const of = new Uint32Array(chosen.length * RECORD_WORDS);
      for (const [position, file] of chosen.entries())
        of.set(known.subarray(file * RECORD_WORDS, (file + 1) * RECORD_WORDS), position * RECORD_WORDS);
      return { folder: { ...folder, files: chosen.map((file) => folder.files[file]!) }, records: of };
    };
    this.transformed.push({ number, ...part(numbers), results: [] });
    const links = [...folder.files.keys()].filter((file) => !numbers.includes(file));
    if (links.length > 0) {
      const rest = part(links);
      this.#publishFolder(rest.folder, rest.records);
    }
    return true;
  }

  #vacant({ root, below }: Folder, files: FoundFile[]): number[] | undefined {
    const outlook = this.#outlook;
    if (!outlook) return undefined;
    const numbers = [...files.keys()];
    return numbers.filter((number) => outlook.isRemoved(path.join(root, below, files[number]!.as)));
  }
}

function namesIn({ files }: Folder): string[] {
  return files.map(({ as }) => as);
}

function namesOf(files: FoundFile[]): Pick<Batch, 'names' | 'renamed' | 'links'> {
  const renamed: Record<number, string> = {};
  const links: number[] = [];
  files.forEach((file, position) => {
    if (file.as !== file.name) renamed[position] = file.as;
    if (file.link) links.push(position);
  });
  return {
    names: files.map(({ name }) => name),
    ...(Object.keys(renamed).length > 0 && { renamed }),
    ...(links.length > 0 && { links }),
  };
}

function destinationNames({ names, renamed }: Batch): string[] {
  return renamed ? names.map((name, file) => renamed[file] ?? name) : names;
}

/** Files placed with other options may look different, and are placed again. */
function fingerprint({ transfer: { preserve, symlinks, reflink } }: JobSettings): string {
  return JSON.stringify([[...preserve].sort(), symlinks, reflink]);
}

function isEmpty(directory: string): boolean {
  try {
    return fs.readdirSync(directory).length === 0;
  } catch {
    // Not there, or not a directory: then placing the first file says so.
    return true;
  }
}
