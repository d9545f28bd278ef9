import type { PlannedQueue, QueuedBatch } from '../model/batch.ts';

/** This copy created the directory. */
export const MADE = 1;
/** The directory was searched for temporary files of killed processes, which were deleted. */
export const SWEPT = 2;
/** The error that prevents all copies to the directory was collected. */
export const REFUSED = 4;
/** Some of these bits. */
export type Note = number;

/** What a queue stores for each file in addition to its name. */
export interface Keeping {
  /** Whether it stores the manifest's records: the old ones, which the copy updates. */
  records: boolean;
  /** Whether it stores the outcome of the file. */
  outcomes: boolean;
}

/** The queue that a thread takes its work from. */
export interface BatchQueue extends Pick<PlannedQueue, 'stop' | 'stopped'> {
  /** Takes the next published batch that no thread has taken. Does not wait. */
  take(): QueuedBatch | undefined;
  /** Takes the next file of a batch. Returns its position, or -1 if none is left. */
  nextFile(batch: QueuedBatch): number;
  /** Returns what {@link nextFile} would return, without taking the file. Another thread may take it meanwhile. */
  peekFile(batch: QueuedBatch): number;
  has(note: Note, batch: QueuedBatch): boolean;
  /** Returns false if it was noted before. */
  note(note: Note, batch: QueuedBatch): boolean;
}
