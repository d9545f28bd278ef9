import type { ResolvedCopyOptions } from '../options.ts';
import { loadSystem } from '../platform/load.ts';
import { emptyTally } from '../report.ts';
import { scanTargets } from '../scan/targets.ts';
import type { JobSettings, PlanSettings, ProgressEvent } from './job.ts';
import { pool } from './pool.ts';
import type { Queue } from './queue.ts';
import { type Finished, type RunHooks, runWhole } from './run.ts';
import { peek, resume } from './small.ts';
import { runOnThreads } from './threads.ts';

export type ExecuteOptions = Pick<ResolvedCopyOptions, 'concurrency'> &
  Partial<Pick<ResolvedCopyOptions, 'onProgress' | 'onPlanned'>>;

/**
 * Chooses where a copy runs: here when it is small and no worker stands ready, else in worker threads. Never
 * rejects: what failed is in the result.
 */
export async function execute(
  queue: Queue,
  job: JobSettings,
  plan: PlanSettings,
  options: ExecuteOptions,
): Promise<Finished> {
  const hooks = toHooks(options);
  const hasFunctions = plan.targets.some(
    ({ rename, filter }) => typeof rename === 'function' || filter !== undefined,
  );
  try {
    if (pool.size > 0 && !hasFunctions)
      return await runOnThreads(queue, job, plan, options.concurrency, hooks);

    const warnings: string[] = [];
    const folders = scanTargets({ ...plan, symlinks: job.transfer.symlinks }, (message) =>
      warnings.push(message),
    );
    const { small, found } = peek(folders);
    // Without functions to call, the worker that plans finds all of it again: a few files, in no time.
    if (!small && !hasFunctions) return await runOnThreads(queue, job, plan, options.concurrency, hooks);
    const finished = small
      ? runWhole(queue, job, plan, loadSystem(), hooks, found)
      : await runOnThreads(queue, job, plan, options.concurrency, hooks, resume(found, folders));
    finished.tally.warnings.push(...warnings);
    return finished;
  } catch (error) {
    return { tally: emptyTally(), error };
  }
}

/** A user's callback that throws ends the copy, with what it threw. */
function toHooks({ onProgress, onPlanned }: ExecuteOptions): RunHooks {
  let files = 0;
  let bytes = 0;
  return {
    planned: () => onPlanned?.(),
    progress(event: ProgressEvent) {
      if (event.done) files++;
      if (event.done && event.method !== undefined) bytes += event.fileBytes;
      onProgress?.({ ...event, files, bytes });
    },
  };
}
