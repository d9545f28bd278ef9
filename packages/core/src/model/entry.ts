import type { Method } from './settings.ts';

/** What happened to one file, link or stale path. */
export interface CopyEntry {
  /** Absolute path of the source; absent for a pruned path. */
  source?: string;
  /** Absolute path of the destination. */
  destination: string;
  action: 'copied' | 'unchanged' | 'linked' | 'pruned';
  /** Only on `copied`, and never on a dry run. */
  method?: Method;
  /** Size of the file in bytes. */
  bytes: number;
}

/** A file or link that will be copied, or that is already up to date. */
export interface PlannedFile {
  /** Absolute path of the source. */
  source: string;
  /** Absolute path of the destination. */
  destination: string;
  /** The index of the target that names it. */
  target: number;
}
