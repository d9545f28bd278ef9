import type { JobSettings, PlanSettings } from './model/job.ts';
import type { Method } from './model/settings.ts';
import type { ResolvedCopyOptions } from './options.ts';

/** The first copy of a process began when the process did: several may be started at once and load for long. */
let processBegan: number | undefined = performance.timeOrigin;

/** What a copy's threads have to know of its options. */
export function toJob(
  options: ResolvedCopyOptions,
  { dryRun, only }: { dryRun: boolean; only?: Method | undefined },
): { job: JobSettings; plan: PlanSettings } {
  const {
    transfer,
    entries,
    prunedEntries,
    collectsErrors,
    concurrency: _concurrency,
    onProgress,
    onPlanned: _onPlanned,
    signal: _signal,
    ...plan
  } = options;
  const began = processBegan ?? Date.now();
  processBegan = undefined;
  return {
    job: {
      transfer,
      dryRun,
      entries,
      prunedEntries: entries || prunedEntries,
      progress: onProgress !== undefined,
      collectsErrors,
      recorded: plan.manifest !== undefined,
      only,
    },
    plan: { ...plan, began },
  };
}

/** What a report has besides what every report has. */
export function reportSettings({ entries, prunedEntries, overlaps, collectsErrors }: ResolvedCopyOptions) {
  return { entries: entries || prunedEntries, overlaps, errors: collectsErrors };
}
