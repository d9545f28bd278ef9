import { Crew } from './crew.ts';
import { combine, type Finished } from './finished.ts';
import type { CopyRequest, RunHooks } from './job.ts';
import { pool } from './pool.ts';
import { chooseSchedule, type ScheduleFacts } from './schedule.ts';
import type { SharedQueue } from './shared-queue.ts';

/**
 * Runs a copy in worker threads, so that no part of it waits for the calling thread. The first worker plans too; more
 * are added when there is work for them. Returns undefined if no thread can be started.
 */
export async function runInWorkers(request: CopyRequest): Promise<Finished | undefined> {
  const { plan, queue, hooks } = request;
  const growing: RunHooks = {
    ...hooks,
    large: () => growIfUseful(request, crew, shared, { hasLarge: true }),
    planned: (transformed, unchanged, filesystem) => {
      hooks.planned(transformed, unchanged);
      growIfUseful(request, crew, shared, { hasLarge: false, filesystem });
    },
  };
  let shared: SharedQueue;
  let crew: Crew;
  try {
    shared = queue.share();
    crew = new Crew({ ...request, hooks: growing }, shared);
    crew.grow(workersFor(request, { hasLarge: false }), plan);
  } catch {
    return undefined;
  }
  try {
    return combine(await crew.finish());
  } finally {
    await crew.release();
  }
}

type Seen = Pick<ScheduleFacts, 'hasLarge' | 'filesystem'>;

function growIfUseful(request: CopyRequest, crew: Crew, queue: SharedQueue, seen: Seen): void {
  if (queue.isTaken || queue.stopped) return;
  try {
    crew.grow(Math.min(workersFor(request, seen), crew.size + queue.waiting));
  } catch {
    // No more threads can be started: the workers that already take part continue.
  }
}

function workersFor({ facts, concurrency, queue }: CopyRequest, seen: Seen): number {
  const { waiting } = queue;
  const now = { isSlow: false, bytesLeft: 0, concurrency, heldWorkers: pool.size, waitingFiles: waiting };
  return chooseSchedule({ ...facts, ...seen, ...now }).workers;
}
