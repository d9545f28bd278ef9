import type { QueuedBatch } from '../model/batch.ts';

/** This copy made the directory. */
export const MADE = 1;
/** Leftovers in the directory were looked for. */
export const SWEPT = 2;
/** One or both of them. */
export type Note = number;

/** What is kept of each file besides its name. */
export interface Keeping {
  /** What the manifest knows, and what it is to know. */
  records: boolean;
  /** What became of the file. */
  outcomes: boolean;
}

/** What a thread takes its work from. */
export interface BatchQueue {
  /** Ends the work early: no file is given out any more, and large files are given up. */
  stop(): void;
  readonly stopped: boolean;
  /** The next published batch that nobody has. Does not wait. */
  take(): QueuedBatch | undefined;
  /** Gives the caller the next file of a batch: its number, or -1 if none is left. */
  nextFile(batch: QueuedBatch): number;
  /** The number that {@link nextFile} would give, while nobody else asks. */
  peekFile(batch: QueuedBatch): number;
  /** Takes the last {@link nextFile} back. Only of a batch that is not in shared memory. */
  giveBack(batch: QueuedBatch): void;
  has(note: Note, batch: QueuedBatch): boolean;
  note(note: Note, batch: QueuedBatch): void;
}
