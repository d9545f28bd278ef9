import { CopyError } from '../errors.ts';
import { addLost } from '../lost-attributes.ts';
import { isOurs, isUnchanged, mayChangeUnseen } from '../plan/compare.ts';
import { forget, RECORD_WORDS, remember, rememberPlaced } from '../plan/record.ts';
import type { Directory, System } from '../platform/system.ts';
import { countFile, emptyTally, type Method, type Tally } from '../report.ts';
import { onlyMethod } from '../transfer/only.ts';
import { type DirectoryPair, mayReplace, pathsOf } from '../transfer/pair.ts';
import { type Outcome, Transferrer } from '../transfer/transfer.ts';
import { closePair, DestinationTree, openPair, syncPair } from '../transfer/tree.ts';
import { compareBatch } from './dry-run.ts';
import type { JobSettings, ProgressEvent } from './job.ts';
import { noteOutcome, resultOf } from './outcomes.ts';
import { type ClaimedBatch, MADE, type Queue, SWEPT } from './queue.ts';

type OnProgress = (event: ProgressEvent) => void;

/**
 * Works on a queue until nothing is left of it. Returns what this thread did; throws a {@link CopyError} at
 * the first file that fails.
 */
export function work(queue: Queue, job: JobSettings, system: System, onProgress: OnProgress): Tally {
  return new Worker(queue, job, system, onProgress).run();
}

/** An open batch of a {@link Worker} that is told when to pause. */
interface OpenBatch {
  batch: ClaimedBatch;
  pair: DirectoryPair;
  links: Set<number>;
}

/** What a thread that must not be held up may do about a file: place it, place it if it can be cloned, or nothing. */
export type Permission = 'place' | 'clone' | 'leave';

export class Worker {
  readonly #tally = emptyTally();
  readonly #queue: Queue;
  readonly #job: JobSettings;
  readonly #system: System;
  readonly #onProgress: OnProgress;
  #transferrer: Transferrer;
  /** Places files by a clone or not at all. */
  #cloner: Transferrer | undefined;
  readonly #tree: DestinationTree;
  readonly #durable: boolean;
  /** What {@link help} is at. */
  #current: OpenBatch | undefined;
  /** The file at hand, for progress within it. */
  #paths: { source: string; destination: string } | undefined;

  constructor(queue: Queue, job: JobSettings, system: System, onProgress: OnProgress) {
    this.#queue = queue;
    this.#job = job;
    this.#system = system;
    this.#onProgress = onProgress;
    this.#durable = job.transfer.durability === 'full';
    this.#tree = new DestinationTree(system, job.transfer, {
      created: (count) => {
        this.#tally.directories += count;
      },
    });
    this.#transferrer = this.#transferrerBy(job.only);
  }

  run(): Tally {
    const queue = this.#queue;
    try {
      for (let batch = queue.claim(); batch; batch = queue.claim()) this.#batch(batch);
      // No batch is left that nobody has: help with those others are at.
      for (let batch = queue.claimStarted(0); batch; batch = queue.claimStarted(batch.number))
        this.#batch(batch);
      return this.#tally;
    } finally {
      this.#tree.close();
    }
  }

  /**
   * Places files nobody has, until `deadline` or one that is to be left. Never waits. Returns whether it may be called
   * again. Only where nobody else is at the queue may a file be cloned.
   */
  help(deadline: number, permit: (directory: Directory, name: string) => Permission): boolean {
    while (performance.now() < deadline) {
      const batch = this.#current?.batch ?? this.#queue.claimPublished();
      if (!batch) return true;
      const current = (this.#current ??= this.#open(batch));
      const next = this.#queue.peekFile(batch);
      const permission = next < 0 ? 'place' : permit(current.pair.source, batch.names[next]!);
      if (permission === 'leave') return false;
      if (permission === 'clone') {
        if (!this.#clone(current, next)) return false;
        this.#queue.nextFile(batch);
        continue;
      }
      const file = this.#queue.nextFile(batch);
      if (file >= 0) this.#file(current.pair, batch, file, current.links.has(file));
      else this.#closeCurrent();
    }
    return true;
  }

  /** Lets go of what {@link help} has open. Returns what it did. */
  end(): Tally {
    try {
      this.#closeCurrent();
    } finally {
      this.#tree.close();
    }
    return this.#tally;
  }

  #batch(batch: ClaimedBatch): void {
    if (this.#job.dryRun) {
      compareBatch(this.#queue, batch, this.#job, this.#system, this.#tally);
      return;
    }
    const open = this.#open(batch);
    const { pair, links } = open;
    try {
      for (let file = this.#queue.nextFile(batch); file >= 0; file = this.#queue.nextFile(batch)) {
        this.#file(pair, batch, file, links.has(file));
      }
    } finally {
      this.#close(open);
    }
  }

  #open(batch: ClaimedBatch): OpenBatch {
    const overwrite = batch.overwrite ?? this.#job.transfer.overwrite;
    const pair = openPair(this.#system, this.#tree, { ...batch, overwrite });
    if (pair.fresh) this.#queue.note(MADE, batch);
    // By another thread, maybe: to look for a file there would wait for those that are being made.
    else pair.fresh = this.#queue.has(MADE, batch);
    pair.swept = this.#queue.has(SWEPT, batch);
    return { batch, pair, links: new Set(batch.links) };
  }

  #close({ batch, pair }: OpenBatch): void {
    try {
      if (pair.swept) this.#queue.note(SWEPT, batch);
      if (this.#durable) syncPair(this.#system, pair);
    } finally {
      closePair(this.#system, pair);
    }
  }

  #closeCurrent(): void {
    const current = this.#current;
    this.#current = undefined;
    if (current) this.#close(current);
  }

  /** Places a file that can be cloned. If it cannot, nothing has happened: whoever places it says what is wrong. */
  #clone({ pair, batch, links }: OpenBatch, file: number): boolean {
    const { overwrite } = pair;
    const known = batch.records.slice(file * RECORD_WORDS, (file + 1) * RECORD_WORDS);
    const usual = this.#transferrer;
    this.#transferrer = this.#cloner ??= this.#transferrerBy(this.#system.methods.clone);
    try {
      this.#file(pair, batch, file, links.has(file));
      return true;
    } catch {
      batch.records.set(known, file * RECORD_WORDS);
      return false;
    } finally {
      this.#transferrer = usual;
      pair.overwrite = overwrite;
      pair.ours = undefined;
    }
  }

  #transferrerBy(only: Method | undefined): Transferrer {
    const system = only === undefined ? this.#system : onlyMethod(this.#system, only);
    return new Transferrer(system, this.#job.transfer, {
      progress: (bytes, size) => this.#part(bytes, size),
      lost: (attribute, errno, first) => addLost(this.#tally.lost, attribute, { count: 1, first, errno }),
      recorded: this.#job.recorded,
    });
  }

  #file(pair: DirectoryPair, batch: ClaimedBatch, file: number, link: boolean): void {
    const name = batch.names[file]!;
    const as = batch.renamed?.[file] ?? name;
    const { symlinks } = this.#job.transfer;
    const follow = link && symlinks === 'follow';
    const keep = link && symlinks === 'keep';
    if (isUnchanged(this.#system, pair, { name, as, follow }, batch.records, file)) {
      this.#count(pair, batch, file, { method: undefined, bytes: 0 });
      return;
    }
    const { overwrite } = pair;
    const ours = (keep || overwrite !== true) && isOurs(this.#system, pair, as, batch.records, file);
    if (ours) {
      if (!mayReplace(pair))
        pair.ours = { stands: () => isOurs(this.#system, pair, as, batch.records, file), overwrite };
      pair.overwrite = true;
    }
    if (this.#job.progress) this.#paths = pathsOf(pair, name, as);
    const lookedAt = Date.now();
    // If this fails, the old destination is as it was, and what is known of it stays.
    const outcome = keep
      ? this.#transferrer.link(pair, name, as)
      : this.#transferrer.file(pair, name, as, follow);
    pair.overwrite = overwrite;
    pair.ours = undefined;
    const { source, destination } = this.#transferrer;
    const placed = outcome.method !== undefined || outcome.bytes < 0;
    // A link of ours that leads where it should is left, and stays ours.
    if ((placed || (ours && keep)) && this.#job.recorded) {
      if (mayChangeUnseen(source, lookedAt)) rememberPlaced(batch.records, file, destination);
      else remember(batch.records, file, source, destination);
    } else forget(batch.records, file);
    this.#count(pair, batch, file, outcome);
  }

  #count(pair: DirectoryPair, batch: ClaimedBatch, file: number, outcome: Outcome): void {
    noteOutcome(batch.outcomes, file, outcome);
    const tally = this.#tally;
    const result = resultOf(outcome);
    const { action, method, bytes } = result;
    if (action === 'linked') tally.links++;
    else if (action === 'unchanged') tally.unchanged++;
    else countFile(tally, method, bytes);
    if (!this.#job.entries && !this.#job.progress) return;

    const name = batch.names[file]!;
    const paths = pathsOf(pair, name, batch.renamed?.[file] ?? name);
    if (this.#job.entries) tally.entries.push({ ...paths, ...result });
    if (this.#job.progress) {
      this.#onProgress({
        ...paths,
        fileBytes: bytes,
        fileSize: bytes,
        done: true,
        ...(method && { method }),
      });
    }
  }

  /** Part of a large file is in place. */
  #part(bytes: number, size: number): void {
    if (this.#queue.stopped)
      throw new CopyError({ code: 'ABORT_ERR', reason: 'the copy was ended', ...this.#paths });
    if (!this.#paths || bytes >= size) return;
    this.#onProgress({ ...this.#paths, fileBytes: bytes, fileSize: size, done: false });
  }
}
