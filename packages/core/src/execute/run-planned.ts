import type { PlanSettings } from '../model/job.ts';
import type { EarlierRuns } from '../plan/inputs.ts';
import { Planner } from '../plan/plan.ts';
import { BatchCopier } from './batch-copier.ts';
import { attempt, causeOf, type Finished } from './finished.ts';
import type { CopyContext } from './job.ts';
import { Queue } from './queue.ts';
import type { SharedQueue } from './shared-queue.ts';

/** Copies from a queue that another thread plans. Blocks until nothing is left. */
export function runPart(context: CopyContext & { queue: SharedQueue }, thread: number): Finished {
  const { queue, tally } = context;
  const error = queue.join(thread) ? copyBy(context, (copier) => copier.copyWithOthers(queue)) : undefined;
  queue.leave(thread, tally.files + tally.links);
  return { tally, error };
}

/** What {@link runPlanned} does in addition to planning and copying. */
export interface RunPlanned {
  earlier?: EarlierRuns;
  /** Copies everything at once if possible. Returns whether it did. */
  copyWhole?: () => boolean;
  /** This thread's number in a shared queue. */
  thread?: number;
}

/** Plans a copy and runs it, together with the threads that join a shared queue. Blocks until all is done. */
export function runPlanned(
  context: CopyContext & { queue: Queue | SharedQueue; plan: PlanSettings },
  { earlier, copyWhole, thread = 0 }: RunPlanned = {},
): Finished {
  const { queue, tally, hooks } = context;
  let planner: Planner | undefined;
  const planning = attempt(queue, () => {
    planner = new Planner(context, earlier);
    if (!queue.stopped && copyWhole?.()) queue.close();
    else
      for (const step of planner.publish()) {
        if (step) throw step.refuse('copySync', 'copy');
        if (queue.stopped) break;
      }
    if (!queue.stopped) hooks.planned([], planner.unchanged);
  });
  let working: Finished['error'];
  if (queue instanceof Queue) {
    working = copyBy(context, (copier) => copier.copyPublished());
    queue.count(tally.files + tally.links);
  } else {
    working = runPart({ ...context, queue }, thread).error;
    queue.sealAndWait();
  }
  const saving = attempt(queue, () => planner?.finish());
  return { tally, error: planning ?? working ?? saving };
}

function copyBy(context: CopyContext, step: (copier: BatchCopier) => void): Finished['error'] {
  const { queue } = context;
  let copier: BatchCopier | undefined;
  const copying = attempt(queue, () => {
    // The constructor throws for options that the system does not support.
    copier = new BatchCopier(context);
    step(copier);
  });
  const closing = attempt(queue, () => copier?.close());
  return causeOf([copying, closing]);
}
