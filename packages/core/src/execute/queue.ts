import { RECORD_BYTES } from '../plan/record.ts';
import type { Batch } from './job.ts';
import { OUTCOME_BYTES, OUTCOME_WORDS } from './outcomes.ts';

/** Shared memory of a queue; what is sent to the threads that work on it. */
export interface QueueMemory {
  control: SharedArrayBuffer;
  index: SharedArrayBuffer;
  data: SharedArrayBuffer;
}

/** Words of the control block. */
const PUBLISHED = 0;
const CLOSED = 1;
const NEXT = 2;
const STOPPED = 3;
const JOINED = 4;
const LEFT = 5;
const SEALED = 6;
/** Any change that a waiting thread may wait for. */
const CHANGES = 7;
/** Files and links placed by threads that have left. */
const PLACED = 8;
const CONTROL_WORDS = 9;

/** Words of a batch in the index: where it is, how long its text, how many files, the next to be claimed. */
const OFFSET = 0;
const TEXT = 1;
const COUNT = 2;
const CURSOR = 3;
/** The first batch of the same directory, and there what all threads should know of that. */
const FIRST = 4;
const NOTES = 5;
const INDEX_WORDS = 6;

/** Bounds of address space, not of memory: pages are used as the queue grows. */
const MAX_BATCHES = 1 << 20;
const MAX_DATA = 1 << 30;
const GROWTH = 1 << 18;
const WORD = 8;

/** This copy made the directory. */
export const MADE = 1;
/** Leftovers in the directory were looked for. */
export const SWEPT = 2;
export type Note = typeof MADE | typeof SWEPT;

/** A batch as a working thread has it. */
export interface ClaimedBatch extends Batch {
  number: number;
  /** One record per file: what was known of it, and where to note what is known now. */
  records: Uint32Array;
  /** What became of each file. */
  outcomes: Float64Array;
}

/**
 * Hands batches from the planning thread to the working ones through shared memory, so that none of them
 * waits for the main thread, which the bundler keeps busy. One thread publishes; all may claim.
 */
export class Queue {
  readonly memory: QueueMemory;
  readonly #control: Int32Array;
  readonly #index: Int32Array;
  #end = 0;
  /** How many files are going to be published, as far as the planning thread knows. Not shared. */
  expected = 0;

  constructor(memory?: QueueMemory) {
    this.memory = memory ?? {
      control: new SharedArrayBuffer(CONTROL_WORDS * 4),
      index: growable(MAX_BATCHES * INDEX_WORDS * 4),
      data: growable(MAX_DATA),
    };
    this.#control = new Int32Array(this.memory.control);
    this.#index = new Int32Array(this.memory.index);
  }

  /**
   * Publishes a batch. `records` are what the manifest knows of its files, `first` is the first batch of the same
   * directory if there is one already. Returns its number.
   */
  publish(batch: Batch, records: Uint32Array | undefined, first?: number): number {
    const number = Atomics.load(this.#control, PUBLISHED);
    const text = Buffer.from(JSON.stringify(batch), 'utf8');
    const start = this.#end;
    const recordsStart = align(start + text.length);
    this.#end = outcomesStart(recordsStart, batch.names.length) + batch.names.length * OUTCOME_BYTES;
    grow(this.memory.data, this.#end);
    grow(this.memory.index, (number + 1) * INDEX_WORDS * 4);

    new Uint8Array(this.memory.data, start, text.length).set(text);
    if (records) new Uint32Array(this.memory.data, recordsStart, records.length).set(records);
    const at = number * INDEX_WORDS;
    this.#index[at + OFFSET] = start / WORD;
    this.#index[at + TEXT] = text.length;
    this.#index[at + COUNT] = batch.names.length;
    this.#index[at + CURSOR] = 0;
    this.#index[at + FIRST] = first ?? number;
    Atomics.store(this.#control, PUBLISHED, number + 1);
    this.#announce();
    return number;
  }

  /** No more batches will come. */
  close(): void {
    Atomics.store(this.#control, CLOSED, 1);
    this.#announce();
  }

  /** Ends the work early: nothing is claimed any more, and large files are given up. */
  stop(): void {
    Atomics.store(this.#control, STOPPED, 1);
    this.#announce();
  }

  get stopped(): boolean {
    return Atomics.load(this.#control, STOPPED) === 1;
  }

  /** A thread begins to work. False: it came too late. */
  join(): boolean {
    Atomics.add(this.#control, JOINED, 1);
    return Atomics.load(this.#control, SEALED) === 0;
  }

  /** The thread is done, or came too late. `placed`: how many files and links it placed. */
  leave(placed: number): void {
    Atomics.add(this.#control, PLACED, placed);
    Atomics.add(this.#control, LEFT, 1);
    this.#announce();
  }

  /** Lets no further thread join, and waits until all have left. Blocks: not for the main thread. */
  sealAndWait(): void {
    Atomics.store(this.#control, SEALED, 1);
    for (;;) {
      const seen = Atomics.load(this.#control, CHANGES);
      if (Atomics.load(this.#control, LEFT) >= Atomics.load(this.#control, JOINED)) return;
      Atomics.wait(this.#control, CHANGES, seen);
    }
  }

  /** The next batch nobody has, when there is one; waits for it while the planning thread is at work. */
  claim(): ClaimedBatch | undefined {
    const number = Atomics.add(this.#control, NEXT, 1);
    for (;;) {
      if (this.stopped) return undefined;
      const seen = Atomics.load(this.#control, CHANGES);
      if (number < Atomics.load(this.#control, PUBLISHED)) return this.batch(number);
      if (Atomics.load(this.#control, CLOSED) === 1) return undefined;
      Atomics.wait(this.#control, CHANGES, seen);
    }
  }

  /** The next batch nobody has, when it is published already. */
  claimPublished(): ClaimedBatch | undefined {
    for (;;) {
      const number = Atomics.load(this.#control, NEXT);
      if (this.stopped || number >= Atomics.load(this.#control, PUBLISHED)) return undefined;
      if (Atomics.compareExchange(this.#control, NEXT, number, number + 1) === number)
        return this.batch(number);
    }
  }

  /** A batch someone else has begun and not finished. Searches from `from` on. */
  claimStarted(from: number): ClaimedBatch | undefined {
    const published = Atomics.load(this.#control, PUBLISHED);
    for (let number = from; number < published && !this.stopped; number++) {
      const at = number * INDEX_WORDS;
      if (Atomics.load(this.#index, at + CURSOR) < this.#index[at + COUNT]!) return this.batch(number);
    }
    return undefined;
  }

  /** The number of the next file of a batch that nobody has, or -1. */
  nextFile(batch: ClaimedBatch): number {
    if (this.stopped) return -1;
    const file = Atomics.add(this.#index, batch.number * INDEX_WORDS + CURSOR, 1);
    return file < batch.names.length ? file : -1;
  }

  /** The number that {@link nextFile} would give, while nobody else asks. */
  peekFile(batch: ClaimedBatch): number {
    const file = Atomics.load(this.#index, batch.number * INDEX_WORDS + CURSOR);
    return file < batch.names.length ? file : -1;
  }

  /** What any thread has noted of the directory of a batch. */
  has(note: Note, { number }: ClaimedBatch): boolean {
    return (Atomics.load(this.#index, this.#notesAt(number)) & note) !== 0;
  }

  note(note: Note, { number }: ClaimedBatch): void {
    Atomics.or(this.#index, this.#notesAt(number), note);
  }

  #notesAt(number: number): number {
    return this.#index[number * INDEX_WORDS + FIRST]! * INDEX_WORDS + NOTES;
  }

  /** No more batches will come, and no file is left that nobody has. */
  get isTaken(): boolean {
    if (Atomics.load(this.#control, CLOSED) !== 1) return false;
    return Atomics.load(this.#control, NEXT) >= this.length && !this.claimStarted(0);
  }

  /**
   * Whether all files of a closed queue are taken by the calling thread alone. Then no thread can join any more,
   * and none has to be waited for.
   */
  sealIfAlone(): boolean {
    if (!this.isTaken || this.stopped) return false;
    Atomics.store(this.#control, SEALED, 1);
    return Atomics.load(this.#control, JOINED) === 1;
  }

  /** How many threads have come to work on it, too late or not. */
  get joined(): number {
    return Atomics.load(this.#control, JOINED);
  }

  /** Files in all batches. */
  get files(): number {
    let files = 0;
    for (let number = 0; number < this.length; number++) files += this.#index[number * INDEX_WORDS + COUNT]!;
    return files;
  }

  /** Files that nobody has. */
  get waiting(): number {
    let files = 0;
    for (let number = 0; number < this.length; number++) {
      const at = number * INDEX_WORDS;
      files += Math.max(0, this.#index[at + COUNT]! - Atomics.load(this.#index, at + CURSOR));
    }
    return files;
  }

  get placed(): number {
    return Atomics.load(this.#control, PLACED);
  }

  get length(): number {
    return Atomics.load(this.#control, PUBLISHED);
  }

  batch(number: number): ClaimedBatch {
    const at = number * INDEX_WORDS;
    const start = this.#index[at + OFFSET]! * WORD;
    const length = this.#index[at + TEXT]!;
    const batch = JSON.parse(Buffer.from(this.memory.data, start, length).toString('utf8')) as Batch;
    const { records, outcomes } = this.#notedAt(number);
    return { ...batch, number, records, outcomes };
  }

  /** One record per file of a batch. */
  records(number: number): Uint32Array {
    return this.#notedAt(number).records;
  }

  #notedAt(number: number): Pick<ClaimedBatch, 'records' | 'outcomes'> {
    const at = number * INDEX_WORDS;
    const count = this.#index[at + COUNT]!;
    const start = align(this.#index[at + OFFSET]! * WORD + this.#index[at + TEXT]!);
    return {
      records: new Uint32Array(this.memory.data, start, (count * RECORD_BYTES) / 4),
      outcomes: new Float64Array(this.memory.data, outcomesStart(start, count), count * OUTCOME_WORDS),
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

function outcomesStart(recordsStart: number, count: number): number {
  return align(recordsStart + count * RECORD_BYTES);
}

function align(offset: number): number {
  return Math.ceil(offset / WORD) * WORD;
}
