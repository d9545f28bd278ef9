import type { CopyOptions, Target } from 'fs-reflink';
import type { Finished } from '../../packages/core/src/execute/finished.ts';
import { Queue } from '../../packages/core/src/execute/queue.ts';
import { runWhole } from '../../packages/core/src/execute/run-whole.ts';
import type { System } from '../../packages/core/src/platform/system.ts';
import { resolveCopyOptions } from '../../packages/core/src/resolve-options.ts';

/** Copies by the given system, on this thread. */
export function copyBy(
  system: System,
  targets: Target | readonly Target[],
  options: CopyOptions = {},
): Finished {
  const { job, plan, onProgress } = resolveCopyOptions(targets, options);
  const queue = new Queue({ records: job.recorded, outcomes: false });
  return runWhole(queue, job, plan, system, {
    planned: () => {},
    large: () => {},
    progress: (event) => onProgress?.({ ...event, files: 0, bytes: 0 }),
  });
}
