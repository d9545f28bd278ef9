import { asThrown } from '../errors.ts';
import type { ResolvedCopyOptions } from '../options.ts';
import { emptyTally } from '../report.ts';
import type { JobSettings, PlanSettings, ProgressEvent } from './job.ts';
import { plannedFiles } from './planned.ts';
import { pool } from './pool.ts';
import type { Queue } from './queue.ts';
import type { Finished, RunHooks } from './run.ts';
import { runOnThreads } from './threads.ts';

export type ExecuteOptions = Pick<ResolvedCopyOptions, 'concurrency'> &
  Partial<Pick<ResolvedCopyOptions, 'onProgress' | 'onPlanned' | 'signal'>>;

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
  const hooks = toHooks(options, queue);
  const { concurrency, signal } = options;
  const along = { queue, job, plan, hooks, concurrency, signal };
  const transforms = plan.targets.some(({ transform }) => transform !== undefined);
  const hasFunctions =
    transforms ||
    plan.targets.some(
      ({ rename, filter, directoryFilter }) =>
        typeof rename === 'function' || filter !== undefined || directoryFilter !== undefined,
    );
  try {
    if (pool.size > 0 && !hasFunctions) return await runOnThreads(along);

    const { runHere } = await import('./here.ts');
    return await runHere(along, { transforms, hasFunctions });
  } catch (error) {
    return { tally: emptyTally(), error: asThrown(error) };
  }
}

/** A user's callback that throws ends the copy, with what it threw. */
function toHooks({ onProgress, onPlanned }: ExecuteOptions, queue: Queue): RunHooks {
  let files = 0;
  let bytes = 0;
  return {
    planned: (transformed, settled) => onPlanned?.(plannedFiles(queue, transformed, settled)),
    progress(event: ProgressEvent) {
      if (event.done) files++;
      if (event.done && event.method !== undefined) bytes += event.fileBytes;
      onProgress?.({ ...event, files, bytes });
    },
  };
}
