import { setImmediate as nextTurn } from 'node:timers/promises';
import { asThrown } from '../errors.ts';
import type { Found } from '../plan/look.ts';
import { Planner } from '../plan/plan.ts';
import { loadSystem } from '../platform/load.ts';
import { addTally, emptyTally } from '../report.ts';
import { gather } from './gather.ts';
import type { JobSettings, PlanSettings } from './job.ts';
import type { Queue } from './queue.ts';
import type { Finished, RunHooks } from './run.ts';
import { transformAll } from './transformed.ts';

/** How long planning may hold the main thread before everything else gets a turn. */
const SLICE_MS = 5;

export interface Along {
  queue: Queue;
  job: JobSettings;
  plan: PlanSettings;
  hooks: RunHooks;
  /** Files that are transformed at a time. */
  concurrency: number;
  signal?: AbortSignal | undefined;
}

/**
 * Plans on the main thread, with pauses, because the user's functions have to be called, and transforms what
 * they shall. `work` is what places the rest: workers that are at it already, or this thread once all is planned.
 */
export async function planAlong(
  { queue, job, plan, hooks, concurrency, signal }: Along,
  found: Found,
  work: () => Promise<Finished>,
): Promise<Finished> {
  const planned = emptyTally();
  const system = loadSystem();
  const planner = new Planner(queue, plan, job, { system, tally: planned, found });
  let error: Finished['error'];
  try {
    let since = performance.now();
    for (const _step of planner.publish()) {
      if (queue.stopped) break;
      if (performance.now() - since < SLICE_MS) continue;
      await nextTurn();
      since = performance.now();
    }
    if (!queue.stopped) hooks.planned(planner.transformed, planner.settled);
  } catch (thrown) {
    error = asThrown(thrown);
    queue.stop();
  }
  const finished = await gather([
    work(),
    transformAll(planner.transformed, { queue, job, system, hooks, concurrency, signal }),
  ]);
  try {
    planner.finish();
  } catch (thrown) {
    error ??= asThrown(thrown);
  }
  addTally(planned, finished.tally);
  return { tally: planned, error: error ?? finished.error };
}
