import type { QueuedBatch } from '../model/batch.ts';
import type { JobSettings } from '../model/job.ts';
import { isRaw } from '../platform/raw-names.ts';
import type { System } from '../platform/system.ts';
import { systemFor } from '../platform/system-for.ts';
import type { Tally } from '../report.ts';
import { withPreserve } from '../transfer/metadata.ts';
import { DestinationTree, openPair, syncPair } from '../transfer/tree.ts';
import { type BatchQueue, MADE, SWEPT } from './batch-queue.ts';
import { type CopierContext, DEADLINE_PASSED, DONE, FileCopier, type OpenBatch } from './file-copier.ts';
import { noteDirectoryError } from './finished.ts';
import type { CopyContext } from './job.ts';
import type { SharedQueue } from './shared-queue.ts';
import { SMALL_FILE } from './way.ts';

/** Why {@link BatchCopier.copyUntil} stopped. */
export type Stopped =
  /** No published file is left at the moment. */
  | 'empty'
  /** The deadline has passed. */
  | 'deadline'
  /** The next file would block the thread for long, and must be left to another thread. */
  | 'large';

const NO_LINKS: ReadonlySet<number> = new Set();

/** Copies the files of batches. There is one for each thread of a copy. */
export class BatchCopier {
  readonly tally: Tally;
  readonly #context: CopierContext;
  readonly #queue: BatchQueue;
  readonly #job: JobSettings;
  readonly #system: System;
  readonly #files: FileCopier;
  readonly #tree: DestinationTree;
  /** The copiers of batches that need another system than this thread's, or other attributes: see {@link #copierOf}. */
  readonly #others = new Map<string, BatchCopier>();
  /** The batch that {@link copyUntil} is copying. */
  #current: OpenBatch | undefined;
  /** The file of this batch that is being copied in slices. */
  #copying: Generator<void> | undefined;
  #deadline = 0;
  readonly #isDue = (): boolean => performance.now() >= this.#deadline;

  constructor(given: CopyContext & Partial<CopierContext>) {
    const context = { hardLinks: new Map(), ...given };
    this.tally = context.tally;
    this.#context = context;
    this.#queue = context.queue;
    this.#job = context.job;
    this.#system = context.system;
    this.#files = new FileCopier(context);
    this.#tree = new DestinationTree(context.system, context.job.transfer, context.tally);
  }

  /** Copies together with other threads until nothing is left. Blocks while the planning thread has not finished. */
  copyWithOthers(queue: SharedQueue): void {
    for (let batch = queue.claim(); batch; batch = queue.claim()) this.#copyBatch(batch);
    // Every batch has been taken: help with the batches that other threads have not finished.
    for (let batch = queue.claimStarted(0); batch; batch = queue.claimStarted(batch.number))
      this.#copyBatch(batch);
  }

  /** Copies the published batches that no thread has taken. */
  copyPublished(): void {
    for (let batch = this.#queue.take(); batch; batch = this.#queue.take()) this.#copyBatch(batch);
  }

  /**
   * Copies the published batches that no thread has taken. Stops at `deadline` (as performance.now()), or before a
   * file that would block the thread for long, unless `mayHold` is set. `bytesLeft` returns the bytes of the
   * published files that no thread has taken.
   */
  copyUntil(deadline: number, limits: { mayHold: boolean; bytesLeft: () => number }): Stopped {
    for (;;) {
      if (!this.#current) {
        const batch = this.#queue.take();
        if (!batch) return 'empty';
        this.#current = this.#openOrCollect(batch);
        if (!this.#current) continue;
      }
      const stopped = this.#copyOpenUntil(this.#current, deadline, limits);
      if (stopped) return stopped;
      this.#closeCurrent();
    }
  }

  #copyOpenUntil(
    open: OpenBatch,
    deadline: number,
    { mayHold, bytesLeft }: Parameters<BatchCopier['copyUntil']>[1],
  ): Stopped | undefined {
    const { batch, files } = open;
    const queue = this.#queue;
    // From a batch in shared memory another thread may take this file meanwhile: decide how to copy it before taking
    // it.
    const isOwn = batch.number < 0;
    this.#deadline = deadline;
    for (;;) {
      if (this.#copying && !this.#copying.next().done) return 'deadline';
      this.#copying = undefined;
      const next = isOwn ? files.copyNew(open, SMALL_FILE, deadline) : queue.peekFile(batch);
      if (next === DEADLINE_PASSED) return 'deadline';
      if (next === DONE) return undefined;
      const chosen = files.wayFor(open, next, isOwn, bytesLeft);
      const way = chosen === 'worker' && mayHold ? 'whole' : chosen;
      if (way === 'worker') {
        // A worker copies the rest of a batch in shared memory: this thread continues with another batch.
        if (!isOwn) return undefined;
        batch.cursor--;
        return 'large';
      }
      if (way === 'slices') this.#copying = files.copyInSlices(open, next, this.#isDue);
      else if (way === 'whole' && isOwn) files.copy(open, next);
      else if (way === 'whole') {
        const file = queue.nextFile(batch);
        if (file === DONE) return undefined;
        files.copyOne(open, file);
      }
      if (performance.now() >= deadline) return 'deadline';
    }
  }

  /**
   * Copies the files that other threads left to this one (see {@link Tally.left}), in the order of the plan, so that
   * it does not depend on these threads which name of a file is the first. Yields after each file.
   */
  *copyLeft(left: Tally['left'], queue: SharedQueue): Generator<void> {
    const files = [...left].sort(([batch, file], [other, next]) => batch - other || file - next);
    for (let at = 0; at < files.length; ) {
      const number = files[at]![0];
      const batch = queue.batch(number);
      const open = this.#openOrCollect(batch);
      try {
        for (; files[at]?.[0] === number; at++) {
          if (open) open.files.copyOne(open, files[at]![1]);
          yield;
        }
      } finally {
        if (open) this.#close(open);
      }
    }
  }

  /** Closes everything that is open. */
  close(): void {
    try {
      this.#copying?.return(undefined);
      this.#closeCurrent();
    } finally {
      this.#tree.close();
      for (const other of this.#others.values()) other.close();
    }
  }

  /**
   * The copier of a batch: this one, unless only another system can read its files, or its target has its own
   * `preserve`.
   */
  #copierOf(batch: QueuedBatch): BatchCopier {
    const system = systemFor(batch, this.#system);
    if (system !== this.#system) return this.#other(system.name, { system }).#copierOf(batch);
    const { preserve } = batch;
    if (!preserve) return this;
    const job = { ...this.#job, transfer: withPreserve(this.#job.transfer, preserve) };
    return this.#other(preserve.join(), { job });
  }

  #other(key: string, context: Partial<CopierContext>): BatchCopier {
    let other = this.#others.get(key);
    if (!other) this.#others.set(key, (other = new BatchCopier({ ...this.#context, ...context })));
    return other;
  }

  #copyBatch(batch: QueuedBatch): void {
    const open = this.#openOrCollect(batch);
    if (!open) return;
    try {
      for (;;) {
        const file = open.files.copyNew(open, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
        if (file === DONE) break;
        open.files.copy(open, file);
      }
    } finally {
      this.#close(open);
    }
  }

  /** Returns undefined if the directories cannot be opened and the copy continues without the files of the batch. */
  #openOrCollect(batch: QueuedBatch): OpenBatch | undefined {
    try {
      return this.#copierOf(batch).#open(batch);
    } catch (error) {
      noteDirectoryError(this.#context, batch, error);
      while (this.#queue.nextFile(batch) !== DONE);
      return undefined;
    }
  }

  #open(batch: QueuedBatch): OpenBatch {
    const { transfer, dryRun } = this.#job;
    const pair = openPair(this.#system, this.#tree, batch, batch.overwrite ?? transfer.overwrite);
    if (pair.fresh) this.#queue.note(MADE, batch);
    // Another thread may have created the directory. In a directory of this copy, do not look for existing files:
    // that would wait for the files being created there.
    else pair.fresh = this.#queue.has(MADE, batch);
    // A dry run has to look for the files that it has noted there.
    if (dryRun) pair.fresh = false;
    pair.swept = this.#queue.has(SWEPT, batch);
    const links = batch.links ? new Set(batch.links) : NO_LINKS;
    const hasRaw = isRaw(batch.source) || batch.names.some(isRaw);
    return { batch, pair, links, hasRaw, files: this.#files };
  }

  #close({ batch, pair, files: { system } }: OpenBatch): void {
    try {
      if (pair.swept) this.#queue.note(SWEPT, batch);
      if (this.#job.transfer.durability === 'full') syncPair(system, pair);
    } finally {
      system.closeDirectory(pair.source);
    }
  }

  #closeCurrent(): void {
    const current = this.#current;
    this.#current = undefined;
    if (current) this.#close(current);
  }
}
