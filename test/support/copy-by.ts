import type { CopyOptions, Target } from 'fs-reflink';
import { cloneWhole } from '../../packages/core/src/execute/clone-directory.ts';
import type { Finished } from '../../packages/core/src/execute/finished.ts';
import type { RunHooks } from '../../packages/core/src/execute/job.ts';
import { Queue } from '../../packages/core/src/execute/queue.ts';
import { runPlanned } from '../../packages/core/src/execute/run-planned.ts';
import * as earlier from '../../packages/core/src/plan/earlier-runs.ts';
import { ChangedNames } from '../../packages/core/src/plan/record.ts';
import type { System } from '../../packages/core/src/platform/system.ts';
import { emptyTally } from '../../packages/core/src/report.ts';
import { resolveCopyOptions } from '../../packages/core/src/resolve-options.ts';

/** Copies by the given system, on this thread. */
export function copyBy(
  system: System,
  targets: Target | readonly Target[],
  options: CopyOptions = {},
): Finished {
  const { job, plan, onProgress } = resolveCopyOptions(targets, options);
  const queue = new Queue({ records: job.recorded, outcomes: false });
  const hooks: RunHooks = {
    planned: () => {},
    large: () => {},
    progress: (event) => onProgress?.({ ...event, files: 0, bytes: 0 }),
  };
  const context = { queue, job, system, hooks, tally: emptyTally(), changed: new ChangedNames() };
  return runPlanned({ ...context, plan }, { earlier, copyWhole: () => cloneWhole(plan, context) });
}
