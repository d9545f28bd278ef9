import type { Batch, PlannedQueue, QueuedBatch } from '../model/batch.ts';
import { RECORD_BYTES, RECORD_WORDS } from '../plan/record.ts';
import type { Keeping, Note } from './batch-queue.ts';
import { OUTCOME_BYTES, OUTCOME_WORDS } from './outcomes.ts';

/** The shared memory of a queue, which is sent to the threads that work on it. */
export interface QueueMemory {
  control: SharedArrayBuffer;
  index: SharedArrayBuffer;
  data: SharedArrayBuffer;
  /** What the queue stores for each file. */
  keeping: Keeping;
}

/** Indexes of the words of the control block. */
const PUBLISHED = 0;
const CLOSED = 1;
const NEXT = 2;
const STOPPED = 3;
const SEALED = 4;
/** A counter of changes, on which threads wait. */
const CHANGES = 5;
/** Files and links copied by the threads that have left. */
const COPIED = 6;
/** The first of a series of words, one for each thread: whether it is at work. */
const THREADS = 7;
/** The calling thread, and the maximum number of workers. */
const MAX_THREADS = 16;
const CONTROL_WORDS = THREADS + MAX_THREADS;

const AT_WORK = 1;
const LEFT = 2;

/**
 * Indexes of a batch's words in the index: the offset of its data, the length of its text, the number of files, and
 * the next file to take.
 */
const OFFSET = 0;
const TEXT = 1;
const COUNT = 2;
const CURSOR = 3;
/** The first batch of the same directory. The notes of a directory are stored at its first batch. */
const FIRST = 4;
const NOTES = 5;
const INDEX_WORDS = 6;

/** Limits of address space, not of memory: the system provides pages only as the queue grows. */
const MAX_BATCHES = 1 << 20;
const MAX_DATA = 1 << 30;
const GROWTH = 1 << 18;
const WORD = 8;

/**
 * Passes batches from the planning thread to the copying threads through shared memory, so that no thread waits for
 * the main thread, which the bundler keeps busy. One thread publishes; all threads may take batches.
 */
export class SharedQueue implements PlannedQueue {
  readonly memory: QueueMemory;
  readonly #control: Int32Array;
  readonly #index: Int32Array;
  readonly #recordBytes: number;
  readonly #outcomeBytes: number;
  #end = 0;
  /** All files of the batches before this number have been taken. */
  #taken = 0;

  /** Creates a queue that keeps the given data for each file, or opens a queue that another thread created. */
  constructor(from: Keeping | QueueMemory) {
    this.memory =
      'control' in from
        ? from
        : {
            control: new SharedArrayBuffer(CONTROL_WORDS * 4),
            index: growable(MAX_BATCHES * INDEX_WORDS * 4),
            data: growable(MAX_DATA),
            keeping: from,
          };
    this.#control = new Int32Array(this.memory.control);
    this.#index = new Int32Array(this.memory.index);
    const { records, outcomes } = this.memory.keeping;
    this.#recordBytes = records ? RECORD_BYTES : 0;
    this.#outcomeBytes = outcomes ? OUTCOME_BYTES : 0;
  }

  publish(batch: Batch, records?: Uint32Array, first?: QueuedBatch): QueuedBatch {
    const number = Atomics.load(this.#control, PUBLISHED);
    const text = Buffer.from(JSON.stringify(batch), 'utf8');
    const start = this.#end;
    const { length: count } = batch.names;
    this.#end = align(start + text.length) + count * (this.#recordBytes + this.#outcomeBytes);
    grow(this.memory.data, this.#end);
    grow(this.memory.index, (number + 1) * INDEX_WORDS * 4);

    new Uint8Array(this.memory.data, start, text.length).set(text);
    const at = number * INDEX_WORDS;
    this.#index[at + OFFSET] = start / WORD;
    this.#index[at + TEXT] = text.length;
    this.#index[at + COUNT] = count;
    this.#index[at + CURSOR] = 0;
    this.#index[at + FIRST] = first?.number ?? number;
    const queued = this.#queued(batch, number);
    if (records) queued.records?.set(records);
    Atomics.store(this.#control, PUBLISHED, number + 1);
    this.#announce();
    return queued;
  }

  isFinished(): boolean {
    return false;
  }

  get keepsOutcomes(): boolean {
    return this.#outcomeBytes > 0;
  }

  close(): void {
    Atomics.store(this.#control, CLOSED, 1);
    this.#announce();
  }

  stop(): void {
    Atomics.store(this.#control, STOPPED, 1);
    this.#announce();
  }

  get stopped(): boolean {
    return Atomics.load(this.#control, STOPPED) === 1;
  }

  /**
   * Called when a thread starts to work; its number is below {@link MAX_THREADS}. Returns false if it came too late:
   * then it must only call {@link leave}.
   */
  join(thread: number): boolean {
    Atomics.store(this.#control, THREADS + thread, AT_WORK);
    return Atomics.load(this.#control, SEALED) === 0;
  }

  /**
   * Called when the thread has finished, came too late, or has died. `copied` is how many files and links it copied.
   */
  leave(thread: number, copied: number): void {
    Atomics.add(this.#control, COPIED, copied);
    Atomics.store(this.#control, THREADS + thread, LEFT);
    this.#announce();
  }

  /** Lets no more threads join, and waits until all have left. Blocks: do not call this on the main thread. */
  sealAndWait(): void {
    Atomics.store(this.#control, SEALED, 1);
    for (;;) {
      const seen = Atomics.load(this.#control, CHANGES);
      if (!this.#isAnyAtWork) return;
      Atomics.wait(this.#control, CHANGES, seen);
    }
  }

  get #isAnyAtWork(): boolean {
    for (let thread = 0; thread < MAX_THREADS; thread++)
      if (Atomics.load(this.#control, THREADS + thread) === AT_WORK) return true;
    return false;
  }

  /** If nothing is left to do, lets no more threads join. Returns whether that is so. */
  sealIfDone(): boolean {
    if (!this.isTaken && !this.stopped) return false;
    Atomics.store(this.#control, SEALED, 1);
    return true;
  }

  /**
   * Whether the thread has joined, even if too late. After the queue is sealed, every other thread will be too late.
   */
  hasJoined(thread: number): boolean {
    return Atomics.load(this.#control, THREADS + thread) !== 0;
  }

  /** Takes the next batch that no thread has taken. Waits for one while the planning thread has not finished. */
  claim(): QueuedBatch | undefined {
    for (;;) {
      const seen = Atomics.load(this.#control, CHANGES);
      const batch = this.take();
      if (batch || this.stopped) return batch;
      if (Atomics.load(this.#control, CLOSED) === 1 && Atomics.load(this.#control, NEXT) >= this.length)
        return undefined;
      Atomics.wait(this.#control, CHANGES, seen);
    }
  }

  take(): QueuedBatch | undefined {
    for (;;) {
      const number = Atomics.load(this.#control, NEXT);
      if (this.stopped || number >= this.length) return undefined;
      if (Atomics.compareExchange(this.#control, NEXT, number, number + 1) === number)
        return this.batch(number);
    }
  }

  /**
   * Returns a batch with files that no thread has taken, even if another thread works on it. Searches from number
   * `from` on.
   */
  claimStarted(from: number): QueuedBatch | undefined {
    const published = this.length;
    for (let number = from; number < published && !this.stopped; number++)
      if (this.#leftIn(number) > 0) return this.batch(number);
    return undefined;
  }

  nextFile(batch: QueuedBatch): number {
    if (this.stopped) return -1;
    const file = Atomics.add(this.#index, batch.number * INDEX_WORDS + CURSOR, 1);
    return file < batch.names.length ? file : -1;
  }

  peekFile(batch: QueuedBatch): number {
    const file = Atomics.load(this.#index, batch.number * INDEX_WORDS + CURSOR);
    return file < batch.names.length ? file : -1;
  }

  /** Marks the first files of a batch as taken: they were taken before the batch was published. */
  begin({ number }: QueuedBatch, files: number): void {
    Atomics.store(this.#index, number * INDEX_WORDS + CURSOR, files);
  }

  has(note: Note, { number }: QueuedBatch): boolean {
    return (Atomics.load(this.#index, this.#notesAt(number)) & note) !== 0;
  }

  note(note: Note, { number }: QueuedBatch): boolean {
    const before = Atomics.or(this.#index, this.#notesAt(number), note);
    return (before | note) !== before;
  }

  #notesAt(number: number): number {
    return this.#index[number * INDEX_WORDS + FIRST]! * INDEX_WORDS + NOTES;
  }

  /** Whether no more batches will come and every file has been taken. */
  get isTaken(): boolean {
    if (Atomics.load(this.#control, CLOSED) !== 1) return false;
    return Atomics.load(this.#control, NEXT) >= this.length && !this.claimStarted(0);
  }

  /** The number of files in all batches from number `first` on. */
  filesFrom(first: number): number {
    let files = 0;
    for (let number = first; number < this.length; number++)
      files += this.#index[number * INDEX_WORDS + COUNT]!;
    return files;
  }

  /** Batches with files that no thread has taken yet. */
  *unfinished(): Generator<QueuedBatch> {
    for (let batch = this.claimStarted(0); batch; batch = this.claimStarted(batch.number + 1)) yield batch;
  }

  *batchesFrom(first: number): Generator<QueuedBatch> {
    for (let number = first; number < this.length; number++) yield this.batch(number);
  }

  /** The number of published files that no thread has taken. */
  get waiting(): number {
    let files = 0;
    for (let number = this.#taken; number < this.length; number++) {
      const left = this.#leftIn(number);
      if (left === 0 && number === this.#taken) this.#taken++;
      files += left;
    }
    return files;
  }

  /** The number of files of a batch that no thread has taken. */
  #leftIn(number: number): number {
    const at = number * INDEX_WORDS;
    return Math.max(0, this.#index[at + COUNT]! - Atomics.load(this.#index, at + CURSOR));
  }

  get copied(): number {
    return Atomics.load(this.#control, COPIED);
  }

  get length(): number {
    return Atomics.load(this.#control, PUBLISHED);
  }

  batch(number: number): QueuedBatch {
    const at = number * INDEX_WORDS;
    const text = Buffer.from(this.memory.data, this.#index[at + OFFSET]! * WORD, this.#index[at + TEXT]!);
    return this.#queued(JSON.parse(text.toString('utf8')) as Batch, number);
  }

  #queued(batch: Batch, number: number): QueuedBatch {
    const at = number * INDEX_WORDS;
    const count = this.#index[at + COUNT]!;
    const records = align(this.#index[at + OFFSET]! * WORD + this.#index[at + TEXT]!);
    const outcomes = records + count * this.#recordBytes;
    const { data } = this.memory;
    return {
      ...batch,
      number,
      cursor: 0,
      notes: { bits: 0 },
      records: this.#recordBytes > 0 ? new Uint32Array(data, records, count * RECORD_WORDS) : undefined,
      outcomes: this.#outcomeBytes > 0 ? new Float64Array(data, outcomes, count * OUTCOME_WORDS) : undefined,
    };
  }

  #announce(): void {
    Atomics.add(this.#control, CHANGES, 1);
    Atomics.notify(this.#control, CHANGES);
  }
}

function growable(maxByteLength: number): SharedArrayBuffer {
  return new SharedArrayBuffer(0, { maxByteLength });
}

function grow(memory: SharedArrayBuffer, needed: number): void {
  if (needed <= memory.byteLength) return;
  memory.grow(Math.min(memory.maxByteLength, Math.ceil(needed / GROWTH) * GROWTH));
}

function align(offset: number): number {
  return Math.ceil(offset / WORD) * WORD;
}
