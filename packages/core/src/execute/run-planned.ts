import type { JobSettings, PlanSettings } from '../model/job.ts';
import { type EarlierRuns, startScan } from '../plan/inputs.ts';
import { Planner } from '../plan/plan.ts';
import type { System } from '../platform/system.ts';
import { addTally, emptyTally, type Tally } from '../report.ts';
import { BatchCopier } from './batch-copier.ts';
import { attempt, combine, type Finished } from './finished.ts';
import type { RunHooks } from './job.ts';
import { Queue } from './queue.ts';
import type { SharedQueue } from './shared-queue.ts';

/** Copies from a queue that another thread plans. Blocks until nothing is left. */
export function runPart(
  queue: SharedQueue,
  thread: number,
  job: JobSettings,
  system: System,
  hooks: RunHooks,
): Finished {
  if (!queue.join(thread)) {
    queue.leave(thread, 0);
    return { tally: emptyTally() };
  }
  const create = () => new BatchCopier(queue, job, system, hooks);
  const finished = copyBy(create, queue, (copier) => copier.copyWithOthers(queue));
  queue.leave(thread, finished.tally.files + finished.tally.links);
  return finished;
}

/** What {@link runPlanned} does in addition to planning and copying. */
export interface RunPlanned {
  earlier?: EarlierRuns;
  /** Copies everything at once if possible. Returns whether it did. */
  copyWhole?: (tally: Tally) => boolean;
  /** This thread's number in a shared queue. */
  thread?: number;
}

/** Plans a copy and runs it, together with the threads that join a shared queue. Blocks until all is done. */
export function runPlanned(
  queue: Queue | SharedQueue,
  job: JobSettings,
  plan: PlanSettings,
  system: System,
  hooks: RunHooks,
  { earlier, copyWhole, thread = 0 }: RunPlanned = {},
): Finished {
  const planned = emptyTally();
  const stop = () => queue.stop();
  let planner: Planner | undefined;
  const planning = attempt(planned, stop, () => {
    const found = startScan(plan, job, earlier, () => system, planned);
    planner = new Planner(queue, plan, job, { system, tally: planned, found, earlier });
    if (!queue.stopped && copyWhole?.(planned)) queue.close();
    else
      for (const step of planner.publish()) {
        if (step) throw step.refuse('copySync', 'copy');
        if (queue.stopped) break;
      }
    if (!queue.stopped) hooks.planned([], planner.unchanged);
  });
  const working =
    queue instanceof Queue ? runAlone(queue, job, system, hooks) : runPart(queue, thread, job, system, hooks);
  if (!(queue instanceof Queue)) queue.sealAndWait();
  const saving = attempt(planned, stop, () => planner?.finish());
  addTally(planned, working.tally);
  return { tally: planned, error: planning.error ?? working.error ?? saving.error };
}

function runAlone(queue: Queue, job: JobSettings, system: System, hooks: RunHooks): Finished {
  const create = () => new BatchCopier(queue, job, system, hooks);
  const finished = copyBy(create, queue, (copier) => copier.copyPublished());
  queue.count(finished.tally.files + finished.tally.links);
  return finished;
}

function copyBy(
  create: () => BatchCopier,
  queue: { stop(): void },
  step: (copier: BatchCopier) => void,
): Finished {
  const stop = () => queue.stop();
  let created: BatchCopier | undefined;
  // The constructor throws for options that the system does not support.
  const creating = attempt(emptyTally(), stop, () => {
    created = create();
  });
  if (!created) return creating;
  const copier = created;
  const copying = attempt(copier.tally, stop, () => step(copier));
  const closing = attempt(emptyTally(), stop, () => copier.close());
  return combine([copying, closing]);
}
