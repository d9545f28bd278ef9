import path from 'node:path';
import { abortError, withPaths } from '../errors.ts';
import type { PlanSettings } from '../model/job.ts';
import type { ResolvedCopyOptions } from '../options.ts';
import { isArchived } from '../platform/archives.ts';
import { isRaw, shown } from '../platform/raw-names.ts';
import { isPromise } from '../schema.ts';
import { callsFunctions, type ResolvedTarget } from '../target.ts';
import type { Finished } from './finished.ts';
import type { CopyRequest, ProgressEvent, RunHooks } from './job.ts';
import { onAbort } from './on-abort.ts';
import { plannedFiles } from './planned.ts';
import { pool } from './pool.ts';
import { Queue } from './queue.ts';
import { chooseSchedule } from './schedule.ts';
import { runInWorkers } from './worker-group.ts';

/** Runs a copy on the threads that {@link chooseSchedule} returns. Rejects with the error that ended the copy. */
export async function execute(options: ResolvedCopyOptions): Promise<Finished['tally']> {
  const { job, plan, concurrency, signal, onPlanned } = options;
  const paths = pathsOfCopy(plan);
  const keepsLinks = [job.transfer, ...plan.targets].some(({ preserve }) => preserve?.includes('links'));
  if (signal?.aborted) throw abortError(signal, paths);
  const queue = new Queue({ records: job.recorded, outcomes: onPlanned !== undefined });
  const forget = signal && onAbort(signal, () => queue.stop());
  try {
    const { tally, error } = await run({
      queue,
      job,
      plan,
      signal,
      hooks: toHooks(options, queue),
      facts: {
        concurrency,
        staysHere:
          job.dryRun ||
          // Only on Linux does the status of a file contain the number of its hard links.
          (keepsLinks && process.platform !== 'linux') ||
          plan.targets.some(isInArchive),
        plansHere: keepsLinks || plan.targets.some(callsFunctions),
        clonesDirectory: plan.cloneDirectories,
      },
    });
    if (signal?.aborted && queue.stopped) throw abortError(signal, paths);
    if (error) throw error;
    return tally;
  } catch (thrown) {
    throw withPaths(thrown, paths);
  } finally {
    forget?.();
  }
}

async function run(request: CopyRequest): Promise<Finished> {
  const { planner } = chooseSchedule({ ...request.facts, heldWorkers: pool.size, waitingFiles: 0 });
  if (planner === 'worker') {
    const finished = await runInWorkers(request);
    if (finished) return finished;
  }
  // Loaded only now: if a worker plans, the calling thread needs nothing of this module.
  const { coordinate } = await import('./coordinator.ts');
  return coordinate(request);
}

/** The hooks that call the user's callbacks. A callback that throws ends the copy with what it threw. */
export function toHooks({ onProgress, onPlanned }: ResolvedCopyOptions, queue: Queue): RunHooks {
  let files = 0;
  let bytes = 0;
  return {
    large() {},
    planned(transformed, unchanged) {
      if (onPlanned) refusePromise('onPlanned', onPlanned(plannedFiles(queue, transformed, unchanged)));
    },
    progress(event: ProgressEvent) {
      if (event.done) files++;
      if (event.done && event.method !== undefined) bytes += event.fileBytes;
      if (onProgress && (isRaw(event.source) || isRaw(event.destination)))
        Object.assign(event, { source: shown(event.source), destination: shown(event.destination) });
      // No other code uses the event: a new object would cost as much as everything else here.
      if (onProgress) refusePromise('onProgress', onProgress(Object.assign(event, { files, bytes })));
    },
  };
}

/** Throws if a callback is asynchronous: nothing waits for it, and a rejection would end the process. */
function refusePromise(option: 'onPlanned' | 'onProgress', answer: unknown): void {
  if (!isPromise(answer)) return;
  Promise.resolve(answer).catch(() => {});
  throw new TypeError(
    `fs-reflink: option "${option}" returned a promise; it must not be asynchronous, because the copy does not wait for it`,
  );
}

function isInArchive({ from, others = [] }: ResolvedTarget): boolean {
  return [from, ...others.map((each) => each.from)].some(isArchived);
}

/** The paths for errors about the whole copy. */
export function pathsOfCopy({ targets: [target] }: PlanSettings): { source?: string; destination?: string } {
  if (!target) return {};
  const { from, to, exact, rename } = target;
  return { source: from, destination: exact ? path.join(to, rename as string) : to };
}
