import path from 'node:path';
import type { Batch, PlannedQueue, QueuedBatch } from '../model/batch.ts';
import { RECORD_WORDS } from '../plan/record.ts';
import type { BatchQueue, Keeping, Note } from './batch-queue.ts';
import { OUTCOME_WORDS } from './outcomes.ts';
import { SharedQueue } from './shared-queue.ts';

/**
 * The queue of the thread that starts a copy. It is an array until {@link share} is called, which moves all
 * unfinished batches to shared memory.
 */
export class Queue implements BatchQueue, PlannedQueue {
  readonly #keeping: Keeping;
  #waiting: QueuedBatch[] = [];
  #next = 0;
  /** The batch that was taken last. */
  #taken: QueuedBatch | undefined;
  /** All batches, if their outcomes will be read. */
  readonly #kept: QueuedBatch[] = [];
  #files = 0;
  #isClosed = false;
  #isStopped = false;
  #shared: SharedQueue | undefined;
  /** How many of the batches in shared memory this thread published. */
  #moved = 0;
  /** Files and links that this thread copied without shared memory. */
  #copied = 0;

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
  }

  /** Lets worker threads take part from now on. Throws a RangeError if there is not enough address space. */
  share(): SharedQueue {
    if (this.#shared) return this.#shared;
    const shared = new SharedQueue(this.#keeping);
    const firsts = new Map<QueuedBatch['notes'], QueuedBatch>();
    for (const batch of this.#unfinished()) {
      const { number: _number, notes, cursor, records, outcomes, ...plain } = batch;
      Object.assign(batch, this.#publishShared(shared, plain, records, firsts.get(notes) ?? batch));
      shared.begin(batch, cursor);
      if (outcomes) batch.outcomes!.set(outcomes);
      if (!firsts.has(notes)) firsts.set(notes, batch);
    }
    this.#waiting = [];
    if (this.#isClosed) shared.close();
    if (this.#isStopped) shared.stop();
    this.#shared = shared;
    return shared;
  }

  publish(batch: Batch, records?: Uint32Array, first?: QueuedBatch): QueuedBatch {
    const queued = this.#shared
      ? this.#publishShared(this.#shared, batch, records, first)
      : this.#queued(batch, records, first);
    if (!this.#shared) this.#waiting.push(queued);
    if (this.#keeping.outcomes) this.#kept.push(queued);
    this.#files += batch.names.length;
    return queued;
  }

  #queued(batch: Batch, records: Uint32Array | undefined, first: QueuedBatch | undefined): QueuedBatch {
    const { records: recorded, outcomes } = this.#keeping;
    const count = batch.names.length;
    // Reuses the object: copying such a large object took 8 µs.
    const queued = batch as QueuedBatch;
    queued.number = -1;
    queued.cursor = 0;
    queued.notes = first?.notes ?? { bits: 0 };
    queued.records = recorded ? (records ?? new Uint32Array(count * RECORD_WORDS)) : undefined;
    queued.outcomes = outcomes ? new Float64Array(count * OUTCOME_WORDS) : undefined;
    return queued;
  }

  #publishShared(
    shared: SharedQueue,
    batch: Batch,
    records: Uint32Array | undefined,
    first: QueuedBatch | undefined,
  ): QueuedBatch {
    const isShared = first !== undefined && first.number >= 0;
    const queued = shared.publish(batch, records, isShared ? first : undefined);
    if (first && !isShared) shared.note(first.notes.bits, queued);
    this.#moved++;
    return queued;
  }

  close(): void {
    this.#isClosed = true;
    this.#shared?.close();
  }

  stop(): void {
    this.#isStopped = true;
    this.#shared?.stop();
  }

  get stopped(): boolean {
    return this.#shared ? this.#shared.stopped : this.#isStopped;
  }

  take(): QueuedBatch | undefined {
    if (this.#shared) return this.#shared.take();
    if (this.#isStopped || this.#next === this.#waiting.length) return undefined;
    const batch = (this.#taken = this.#waiting[this.#next]!);
    if (++this.#next === this.#waiting.length) {
      // Release the copied batches, so that they can be garbage-collected.
      this.#waiting = [];
      this.#next = 0;
    }
    return batch;
  }

  isFinished(batch: QueuedBatch): boolean {
    return batch.number < 0 && batch !== this.#taken && batch.cursor >= batch.names.length;
  }

  get keepsOutcomes(): boolean {
    return this.#keeping.outcomes;
  }

  nextFile(batch: QueuedBatch): number {
    if (batch.number >= 0) return this.#shared!.nextFile(batch);
    return this.stopped || batch.cursor >= batch.names.length ? -1 : batch.cursor++;
  }

  peekFile(batch: QueuedBatch): number {
    if (batch.number >= 0) return this.#shared!.peekFile(batch);
    return batch.cursor < batch.names.length ? batch.cursor : -1;
  }

  has(note: Note, batch: QueuedBatch): boolean {
    return batch.number >= 0 ? this.#shared!.has(note, batch) : (batch.notes.bits & note) !== 0;
  }

  note(note: Note, batch: QueuedBatch): boolean {
    if (batch.number >= 0) return this.#shared!.note(note, batch);
    const { bits } = batch.notes;
    batch.notes.bits = bits | note;
    return bits !== batch.notes.bits;
  }

  /** Adds to the number of files and links that this thread copied. */
  count(copied: number): void {
    this.#copied += copied;
  }

  get copied(): number {
    return this.#copied + (this.#shared?.copied ?? 0);
  }

  /** The number of files in all batches. */
  get files(): number {
    return this.#files + (this.#shared ? this.#shared.filesFrom(this.#moved) : 0);
  }

  /** All batches. Call this only if the queue keeps outcomes. */
  *batches(): Generator<QueuedBatch> {
    yield* this.#kept;
    if (this.#shared) yield* this.#shared.batchesFrom(this.#moved);
  }

  /** Source paths of the published files that no thread has taken yet. */
  *leftSources(): Generator<string> {
    for (const batch of this.#shared?.unfinished() ?? this.#unfinished())
      for (let file = this.peekFile(batch); file >= 0 && file < batch.names.length; file++)
        yield path.join(batch.source, batch.names[file]!);
  }

  /** Batches that are not in shared memory. */
  *#unfinished(): Generator<QueuedBatch> {
    if (this.#taken) yield this.#taken;
    yield* this.#waiting.slice(this.#next);
  }

  /** The approximate number of published files that no thread has taken. */
  get waiting(): number {
    if (this.#shared) return this.#shared.waiting;
    let files = this.#taken ? this.#taken.names.length - this.#taken.cursor : 0;
    for (let number = this.#next; number < this.#waiting.length; number++)
      files += this.#waiting[number]!.names.length;
    return files;
  }
}
