import { combine, type Finished } from './finished.ts';
import type { CopyRequest, RunHooks } from './job.ts';
import { pool } from './pool.ts';
import { chooseSchedule, type ScheduleFacts } from './schedule.ts';
import type { SharedQueue } from './shared-queue.ts';
import { WorkerGroup } from './worker-group.ts';

/**
 * Runs a copy in worker threads, so that no part of it waits for the calling thread. The first worker plans too; more
 * are added when there is work for them. Returns undefined if no thread can be started.
 */
export async function runInWorkers(request: CopyRequest): Promise<Finished | undefined> {
  const { plan, queue, hooks } = request;
  const growing: RunHooks = {
    ...hooks,
    large: () => growIfUseful(request, workerGroup, shared, { hasLarge: true }),
    planned: (transformed, unchanged, filesystem) => {
      hooks.planned(transformed, unchanged);
      growIfUseful(request, workerGroup, shared, { filesystem });
    },
  };
  let shared: SharedQueue;
  let workerGroup: WorkerGroup;
  try {
    shared = queue.share();
    workerGroup = new WorkerGroup({ ...request, hooks: growing }, shared);
    workerGroup.grow(workersFor(request, {}), plan);
  } catch {
    return undefined;
  }
  try {
    return combine(await workerGroup.finish());
  } finally {
    await workerGroup.release();
  }
}

type Seen = Pick<ScheduleFacts, 'hasLarge' | 'filesystem'>;

function growIfUseful(request: CopyRequest, workerGroup: WorkerGroup, queue: SharedQueue, seen: Seen): void {
  if (queue.isTaken || queue.stopped) return;
  try {
    workerGroup.grow(Math.min(workersFor(request, seen), workerGroup.size + queue.waiting));
  } catch {
    // No more threads can be started: the workers that already take part continue.
  }
}

function workersFor({ facts, queue }: CopyRequest, seen: Seen): number {
  return chooseSchedule({ ...facts, ...seen, heldWorkers: pool.size, waitingFiles: queue.waiting }).workers;
}
