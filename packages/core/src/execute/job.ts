import type { CopyErrorDetails } from '../errors.ts';
import type { Progress, TransferSettings } from '../options.ts';
import type { Method, Tally } from '../report.ts';
import type { ResolvedTarget } from '../target.ts';
import type { Mirrors } from '../transfer/directories.ts';
import type { Run } from '../transfer/temporary.ts';
import type { Queue } from './queue.ts';
import type { ScheduleFacts } from './schedule.ts';
import type { QueueMemory } from './shared-queue.ts';
import type { TransformedFolder } from './transformed.ts';

/** What is placed with one look at its directory: a part of one source directory. */
export interface Batch {
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
  /** Names of files in `source`. May be empty: then only the directory is made. */
  names: string[];
  /** Names in the destination where they differ. */
  renamed?: Record<number, string> | undefined;
  /** Which of `names` are symbolic links: `keep` places them as links, `follow` what they point to. */
  links?: number[] | undefined;
  /** What happens to a destination that exists, where the target says so. */
  overwrite?: TransferSettings['overwrite'] | undefined;
  /** On a dry run: which of `names` have nothing in their place once stale files are deleted. */
  vacant?: number[] | undefined;
}

/** What lies in one directory of a target and is in place already. */
export interface SettledFolder {
  /** Absolute paths. */
  source: string;
  destination: string;
  /** Which of the targets it is of. */
  target: number;
  names: string[];
}

/** What every thread that works on a copy has to know; can be sent to a worker thread. */
export interface JobSettings {
  transfer: TransferSettings;
  /** Compare only: the destination is not touched. */
  dryRun: boolean;
  entries: boolean;
  progress: boolean;
  /** Whether what was placed is kept in a manifest. */
  recorded: boolean;
  /** The only method that files may be placed by, to be measured. */
  only?: Method | undefined;
}

/** What the thread that plans a copy has to know besides. */
export interface PlanSettings {
  cwd: string;
  targets: ResolvedTarget[];
  manifest: string | undefined;
  prune: false | 'placed' | 'everything';
  keep: readonly string[];
  emptiedAt: number | undefined;
  /** Absolute paths. */
  pruneRoots: readonly string[];
  /** Absolute paths. */
  leave: readonly string[];
  allowMissing: boolean;
  cloneDirectories: boolean;
  /** Tell which files several targets name. */
  overlaps: boolean;
}

/** What the threads of a copy tell the one that began it. */
export interface RunHooks {
  progress(event: ProgressEvent): void;
  /** A file is copied in several parts: it takes long. */
  large(): void;
  /** Everything stale is gone and all files are known. */
  planned(
    transformed: readonly TransformedFolder[],
    settled: readonly SettledFolder[],
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
  facts: Pick<ScheduleFacts, 'hasFunctions' | 'dryRun' | 'clonesDirectory'>;
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
  | { type: 'planned'; id: number; settled: SettledFolder[]; filesystem: string | undefined }
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
