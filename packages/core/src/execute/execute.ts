import type { ResolvedCopyOptions } from '../options.ts';
import { look } from '../plan/look.ts';
import { loadSystem } from '../platform/load.ts';
import { emptyTally } from '../report.ts';
import { planAlong } from './along.ts';
import { runCold } from './cold.ts';
import type { JobSettings, PlanSettings, ProgressEvent } from './job.ts';
import { plannedFiles } from './planned.ts';
import { pool } from './pool.ts';
import type { Queue } from './queue.ts';
import { type Finished, type RunHooks, runPart, runWhole } from './run.ts';
import { peek, resume } from './small.ts';
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
    plan.targets.some(({ rename, filter }) => typeof rename === 'function' || filter !== undefined);
  try {
    if (pool.size > 0 && !hasFunctions) return await runOnThreads(along);

    const warnings: string[] = [];
    const { manifest, folders } = look(plan, job, loadSystem, (message) => warnings.push(message));
    const { small, found } = peek(folders);
    // A thread that plans finds all of it again: a few files, in no time.
    if (!small && !hasFunctions && (plan.cloneDirectories || job.dryRun)) return await runOnThreads(along);
    const all = { manifest, folders: resume(found, folders) };
    const finished = !small
      ? await (pool.size > 0 || job.dryRun ? runOnThreads(along, all) : runCold(along, all))
      : transforms
        ? await planAlong(along, all, async () => runPart(queue, job, loadSystem(), hooks))
        : runWhole(queue, job, plan, loadSystem(), hooks, all);
    finished.tally.warnings.push(...warnings);
    return finished;
  } catch (error) {
    return { tally: emptyTally(), error };
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
