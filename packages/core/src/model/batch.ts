import type { Folder, Mirrors } from '../model/folder.ts';
import type { CopyEntry } from './entry.ts';
import type { Files } from './files.ts';
import type { Attribute, TransferSettings } from './settings.ts';

/** What is copied with one look at its directory: a part of one source directory. Without names only the directory is made. */
export interface Batch extends Files {
  /** Absolute path of the source directory. */
  source: string;
  /** Absolute path of the target's `to`. */
  root: string;
  /** Which of the targets it is of. */
  target: number;
  /** The destination directory below it, with forward slashes; empty for the root itself. */
  below: string;
  /** Which directories on the way there are copies of directories of the source. */
  mirrors?: Mirrors;
  /** Its path, or a name in it, is not UTF-8. */
  raw?: boolean | undefined;
  /** What happens to a destination that exists, where the target says so. */
  overwrite?: TransferSettings['overwrite'] | undefined;
  symlinks?: TransferSettings['symlinks'] | undefined;
  preserve?: readonly Attribute[] | undefined;
  /** On a dry run: which of `names` have nothing in their place once stale files are deleted. */
  vacant?: number[] | undefined;
}

/** A batch as a thread that copies has it. */
export interface QueuedBatch extends Batch {
  /** Its number in shared memory, or -1. */
  number: number;
  /** The next file that nobody has, as long as the batch is not in shared memory. */
  cursor: number;
  /** Notes of its directory, shared by all batches of the directory that are not in shared memory. */
  notes: { bits: number };
  records: Uint32Array | undefined;
  outcomes: Float64Array | undefined;
}

/** What a planner fills. */
export interface PlannedQueue {
  /** Ends the work early: no file is given out any more, and large files are given up. */
  stop(): void;
  readonly stopped: boolean;
  /**
   * Publishes a batch, which is the queue's from then on. `records` are what the manifest knows of its files; `first` is the first batch of the same
   * directory, if there is one already.
   */
  publish(batch: Batch, records?: Uint32Array, first?: QueuedBatch): QueuedBatch;
  /** Whether this thread has copied all of a batch. Of one in shared memory that is not known before the end. */
  isFinished(batch: QueuedBatch): boolean;
  /** Somebody will ask what became of the files. */
  readonly keepsOutcomes: boolean;
  /** No more batches will come. */
  close(): void;
  /** Files and links that were copied, complete once all threads have left. */
  readonly copied: number;
}

/** What became of a file, as an entry of the report says it. */
export type FileResult = Pick<CopyEntry, 'action' | 'method' | 'bytes'>;

/** Files of one directory that a target's function makes the content of, and what the manifest knows of them. */
export interface TransformedFolder {
  folder: Folder;
  /** Which of the targets it is of. */
  number: number;
  records: Uint32Array;
  /** What became of each file, once that is known. */
  results: (FileResult | undefined)[];
}

/** What lies in one directory of a target and is in place already. */
export interface UnchangedFolder {
  /** Absolute paths. */
  source: string;
  destination: string;
  /** Which of the targets it is of. */
  target: number;
  names: readonly string[];
}
