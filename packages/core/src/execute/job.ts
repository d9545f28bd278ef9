import type { CopyErrorDetails } from '../errors.ts';
import type { TransformedFolder, UnchangedFolder } from '../model/batch.ts';
import type { JobSettings, PlanSettings } from '../model/job.ts';
import type { Progress } from '../options.ts';
import type { ChangedNames } from '../plan/record.ts';
import type { System } from '../platform/system.ts';
import type { Tally } from '../report.ts';
import type { Run } from '../transfer/temporary.ts';
import type { BatchQueue } from './batch-queue.ts';
import type { Queue } from './queue.ts';
import type { CopyFacts } from './schedule.ts';
import type { QueueMemory } from './shared-queue.ts';

/** What the threads of a copy report to the thread that started it. */
export interface RunHooks {
  progress(event: ProgressEvent): void;
  /** Called after part of a large file was copied: copying it takes long. */
  large(): void;
  /** Called when everything stale is deleted and all files are known. */
  planned(
    transformed: readonly TransformedFolder[],
    unchanged: readonly UnchangedFolder[],
    /** Name of the destination's filesystem, if it was determined. */
    filesystem?: string,
  ): void;
}

/** What a thread needs in order to copy files of a queue. */
export interface CopyContext {
  queue: BatchQueue;
  job: JobSettings;
  system: System;
  hooks: RunHooks;
  /** Counts what the thread does. */
  tally: Tally;
  /** Shared by everything that deletes and copies on this thread. */
  changed: ChangedNames;
}

/** A copy with everything that is needed to run it. */
export interface CopyRequest {
  queue: Queue;
  job: JobSettings;
  plan: PlanSettings;
  hooks: RunHooks;
  signal: AbortSignal | undefined;
  facts: CopyFacts;
}

/** Messages to a worker thread. */
export type ToWorker = {
  type: 'work';
  id: number;
  memory: QueueMemory;
  /** The thread's number in the queue. */
  thread: number;
  job: JobSettings;
  plan?: PlanSettings | undefined;
};

/** Messages from a worker thread. */
export type FromWorker =
  | { type: 'ready' }
  | { type: 'planned'; id: number; unchanged: UnchangedFolder[]; filesystem: string | undefined }
  | { type: 'large'; id: number }
  | { type: 'progress'; id: number; events: ProgressEvent[] }
  | { type: 'finished'; id: number; tally: Tally; error?: CopyErrorDetails | undefined }
  /** Instead of all others: the thread ended while it booted, and so has done nothing. */
  | { type: 'never booted'; id: number };

/** One thread's part of a {@link Progress}; the receiver adds the counts of all threads. */
export type ProgressEvent = Omit<Progress, 'files' | 'bytes'>;

export interface WorkerData {
  run: Run;
  /** Memory of the lock under which the thread loads its addon. */
  lock: SharedArrayBuffer;
}
