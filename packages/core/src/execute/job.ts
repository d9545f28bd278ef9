import type { CopyErrorDetails } from '../errors.ts';
import type { TransformedFolder, UnchangedFolder } from '../model/batch.ts';
import type { JobSettings, PlanSettings } from '../model/job.ts';
import type { Progress } from '../options.ts';
import type { Tally } from '../report.ts';
import type { Run } from '../transfer/temporary.ts';
import type { Queue } from './queue.ts';
import type { ScheduleFacts } from './schedule.ts';
import type { QueueMemory } from './shared-queue.ts';

/** What the threads of a copy tell the one that started it. */
export interface RunHooks {
  progress(event: ProgressEvent): void;
  /** A file is copied in several parts: it takes long. */
  large(): void;
  /** Everything stale is gone and all files are known. */
  planned(
    transformed: readonly TransformedFolder[],
    unchanged: readonly UnchangedFolder[],
    /** Name of the destination's filesystem, where it was asked for. */
    filesystem?: string,
  ): void;
}

/** A copy that is to be run. */
export interface CopyRequest {
  queue: Queue;
  job: JobSettings;
  plan: PlanSettings;
  hooks: RunHooks;
  /** The most worker threads, and the most files that are transformed at a time. */
  concurrency: number;
  signal: AbortSignal | undefined;
  facts: Pick<ScheduleFacts, 'hasFunctions' | 'staysHere' | 'keepsLinks' | 'dryRun' | 'clonesDirectory'>;
}

/** Messages to a worker thread. */
export type ToWorker = {
  type: 'work';
  id: number;
  memory: QueueMemory;
  /** Its number in the queue. */
  thread: number;
  job: JobSettings;
  plan?: PlanSettings | undefined;
};

/** Messages from a worker thread. */
export type FromWorker =
  | { type: 'ready'; nativeError: string | undefined }
  | { type: 'planned'; id: number; unchanged: UnchangedFolder[]; filesystem: string | undefined }
  | { type: 'large'; id: number }
  | { type: 'progress'; id: number; events: ProgressEvent[] }
  | { type: 'finished'; id: number; tally: Tally; error?: CopyErrorDetails | undefined };

/** One thread's part of a {@link Progress}; the counts over all threads are added where it is received. */
export type ProgressEvent = Omit<Progress, 'files' | 'bytes'>;

export interface WorkerData {
  run: Run;
  /** What the thread's addon is loaded through. */
  gate: SharedArrayBuffer;
}
