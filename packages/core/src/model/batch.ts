import type { CopyEntry } from './entry.ts';
import type { Folder } from './files.ts';
import type { Attribute, TransferSettings } from './settings.ts';

/**
 * Files of one source directory that a thread copies together. If there are no names, only the directory is created.
 */
export interface Batch extends Omit<Folder, 'target' | 'unchanged'> {
  /** The index of its target. */
  target: number;
  /** What happens to a destination that exists, if the target sets its own `overwrite`. */
  overwrite?: TransferSettings['overwrite'] | undefined;
  symlinks?: TransferSettings['symlinks'] | undefined;
  preserve?: readonly Attribute[] | undefined;
}

/** A batch as the threads that copy use it. */
export interface QueuedBatch extends Batch {
  /** Its number in shared memory, or -1. */
  number: number;
  /**
   * The position of the next file that no thread has taken. Used only if the batch is not in shared memory: then one
   * thread alone takes its files, and may give the last one back.
   */
  cursor: number;
  /** Bits noted about its directory, shared by all batches of the directory that are not in shared memory. */
  notes: { bits: number };
  records: Uint32Array | undefined;
  outcomes: Float64Array | undefined;
}

/** The queue as the planner sees it: the planner publishes batches in it. */
export interface PlannedQueue {
  /** Ends the work early: no more files are given out, and large files are aborted. */
  stop(): void;
  readonly stopped: boolean;
  /**
   * Publishes a batch, which belongs to the queue from then on. `records` are the manifest's records of its files.
   * `first` is the first batch of the same directory, if one was published already.
   */
  publish(batch: Batch, records?: Uint32Array, first?: QueuedBatch): QueuedBatch;
  /** Whether this thread has copied all of a batch. For a batch in shared memory this is not known before the end. */
  isFinished(batch: QueuedBatch): boolean;
  /** Whether the outcomes of the files will be read later. */
  readonly keepsOutcomes: boolean;
  /** Call this when no more batches will be published. */
  close(): void;
  /** The number of files and links that were copied. Complete only after all threads have ended. */
  readonly copied: number;
}

/** The outcome of a file, as in an entry of the report. */
export type FileResult = Pick<CopyEntry, 'action' | 'method' | 'bytes'>;

/** Files of one directory whose contents a target's `transform` returns, and the manifest's records of them. */
export interface TransformedFolder {
  folder: Folder;
  /** The index of its target. */
  number: number;
  records: Uint32Array;
  /** The outcome of each file, if it is known. */
  results: (FileResult | undefined)[];
}

/** The files of one directory of a target that are already up to date. */
export type UnchangedFolder = Pick<Batch, 'source' | 'root' | 'below' | 'target' | 'names'>;
