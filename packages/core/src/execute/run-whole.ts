import type { JobSettings, PlanSettings } from '../model/job.ts';
import * as earlier from '../plan/earlier-runs.ts';
import type { System } from '../platform/system.ts';
import { cloneWhole } from './clone-directory.ts';
import type { Finished } from './finished.ts';
import type { RunHooks } from './job.ts';
import type { Queue } from './queue.ts';
import { runPlanned } from './run-planned.ts';
import type { SharedQueue } from './shared-queue.ts';

/** Plans and runs a whole copy, with all its features, on a thread that may be blocked. Blocks until all is done. */
export function runWhole(
  queue: Queue | SharedQueue,
  job: JobSettings,
  plan: PlanSettings,
  system: System,
  hooks: RunHooks,
  /** This thread's number in a shared queue. */
  thread = 0,
): Finished {
  return runPlanned(queue, job, plan, system, hooks, {
    earlier,
    copyWhole: (tally) => cloneWhole(plan, job, system, tally, hooks.progress),
    thread,
  });
}
