import type { ResolvedTarget } from '../target.ts';
import type { Method, TransferSettings } from './settings.ts';

/** What every thread that works on a copy needs to know. Can be sent to a worker thread. */
export interface JobSettings {
  transfer: TransferSettings;
  /** Only compare: the destination is not changed. */
  dryRun: boolean;
  /** Whether the report has an entry for each path. */
  entries: boolean;
  /** Whether the report has an entry for each path that is deleted. */
  prunedEntries?: boolean;
  progress: boolean;
  /** Files with several hard links, which are to be linked, are left to the calling thread. */
  leavesLinks?: boolean;
  /** The error of one file does not end the copy. */
  collectsErrors?: boolean;
  /** Whether the copied files are recorded in a manifest. */
  recorded: boolean;
  /** The only method that files may be copied by, in order to measure it. */
  onlyMethod?: Method | undefined;
}

/** What the thread that plans a copy needs in addition. */
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
  /** Whether to report the files that several targets copy to the same destination. */
  overlaps: boolean;
  /**
   * When the copy was requested, in milliseconds since 1970.
   *
   * @default now
   */
  began?: number;
}
