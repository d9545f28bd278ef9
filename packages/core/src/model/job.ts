import type { ResolvedTarget } from '../target.ts';
import type { Method, TransferSettings } from './settings.ts';

/** What every thread that works on a copy has to know; can be sent to a worker thread. */
export interface JobSettings {
  transfer: TransferSettings;
  /** Compare only: the destination is not touched. */
  dryRun: boolean;
  /** Whether the report has an entry for each path. */
  entries: boolean;
  /** Whether it has one for each path that is deleted. */
  prunedEntries?: boolean;
  progress: boolean;
  /** Files with several names, which are to be linked, are left to the calling thread. */
  leavesLinks?: boolean;
  /** An error of one file does not end the copy. */
  collectsErrors?: boolean;
  /** Whether what was copied is kept in a manifest. */
  recorded: boolean;
  /** The only method that files may be copied by, to be measured. */
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
  /** Report which files several targets name. */
  overlaps: boolean;
  /**
   * When the copy was asked for, in milliseconds since 1970.
   *
   * @default now
   */
  began?: number;
}
