import { asThrown } from '../errors.ts';
import { type Found, look } from '../plan/look.ts';
import { Planner } from '../plan/plan.ts';
import type { System } from '../platform/system.ts';
import { addTally, emptyTally, type Tally } from '../report.ts';
import { cloneWhole } from './clone-directory.ts';
import type { JobSettings, PlanSettings, ProgressEvent, SettledFolder } from './job.ts';
import type { Queue } from './queue.ts';
import type { TransformedFolder } from './transformed.ts';
import { work } from './work.ts';

export interface Finished {
  tally: Tally;
  /** What ended the copy: a CopyError, or what a user's function threw. Never falsy: see {@link asThrown}. */
  error?: NonNullable<unknown> | undefined;
}

export interface RunHooks {
  progress(event: ProgressEvent): void;
  /** Everything stale is gone and all files are known. */
  planned(transformed: readonly TransformedFolder[], settled: readonly SettledFolder[]): void;
}

/** Works on a queue others plan. Whatever fails ends the copy for all threads. */
export function runPart(queue: Queue, job: JobSettings, system: System, hooks: RunHooks): Finished {
  if (!queue.join()) {
    queue.leave(0);
    return { tally: emptyTally() };
  }
  const finished = attempt(queue, () => work(queue, job, system, hooks.progress));
  queue.leave(finished.tally.files + finished.tally.links);
  return finished;
}

/** Plans a copy, works on it with whoever joins, and notes what was placed. Blocks until all are done. */
export function runWhole(
  queue: Queue,
  job: JobSettings,
  plan: PlanSettings,
  system: System,
  hooks: RunHooks,
  found?: Found,
): Finished {
  const planned = emptyTally();
  let planner: Planner | undefined;
  const planning = attempt(queue, () => {
    const warn = (message: string) => void planned.warnings.push(message);
    planner = new Planner(queue, plan, job, {
      system,
      tally: planned,
      found: found ?? look(plan, job, () => system, warn),
    });
    if (!queue.stopped && cloneWhole(plan, job, system, planned, hooks.progress)) queue.close();
    else for (const _step of planner.publish()) if (queue.stopped) break;
    if (!queue.stopped) hooks.planned([], planner.settled);
    return planned;
  });
  const working = runPart(queue, job, system, hooks);
  queue.sealAndWait();
  const saving = attempt(queue, () => {
    planner?.finish();
    return emptyTally();
  });
  addTally(planned, working.tally);
  return { tally: planned, error: planning.error ?? working.error ?? saving.error };
}

/** Ends the copy for all threads when `step` throws. */
export function attempt(queue: Queue, step: () => Tally): Finished {
  try {
    return { tally: step() };
  } catch (error) {
    queue.stop();
    return { tally: emptyTally(), error: asThrown(error) };
  }
}
