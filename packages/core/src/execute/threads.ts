import { setImmediate as nextTurn } from 'node:timers/promises';
import { CopyError } from '../errors.ts';
import { Planner } from '../plan/plan.ts';
import { loadSystem } from '../platform/load.ts';
import { addTally, emptyTally } from '../report.ts';
import type { Folder } from '../scan/folder.ts';
import type { FromWorker, JobSettings, PlanSettings } from './job.ts';
import { pool } from './pool.ts';
import type { Queue } from './queue.ts';
import type { Finished, RunHooks } from './run.ts';

/** How long planning may hold the main thread before everything else gets a turn. */
const SLICE_MS = 5;

let lastId = 0;

/**
 * Copies in worker threads. The first of them plans too, off the main thread, unless the user's functions
 * have to be called: then `folders` are found here, with pauses.
 */
export async function runOnThreads(
  queue: Queue,
  job: JobSettings,
  plan: PlanSettings,
  threads: number,
  hooks: RunHooks,
  folders?: Iterable<Folder>,
): Promise<Finished> {
  const release = pool.hold(threads);
  let thrown: { error: unknown } | undefined;
  // A callback that throws must not end the process: it is called while a message is received.
  const guard = (callback: () => void): void => {
    if (thrown) return;
    try {
      callback();
    } catch (error) {
      thrown = { error };
      queue.stop();
    }
  };
  const guarded: RunHooks = {
    planned: () => guard(() => hooks.planned()),
    progress: (event) => guard(() => hooks.progress(event)),
  };
  try {
    const id = ++lastId;
    const planHere = folders !== undefined;
    const parts = Array.from({ length: threads }, (_each, number) => {
      const planThere = number === 0 && !planHere ? plan : undefined;
      return runOnThread(
        number,
        { type: 'work', id, memory: queue.memory, job, plan: planThere },
        queue,
        guarded,
      );
    });
    const finished = await (planHere ? planAlong(queue, job, plan, guarded, folders, parts) : gather(parts));
    return thrown ? { ...finished, ...thrown } : finished;
  } finally {
    await release();
  }
}

function runOnThread(
  number: number,
  message: Parameters<typeof pool.send>[1],
  queue: Queue,
  hooks: RunHooks,
): Promise<Finished> {
  return new Promise((resolve) => {
    pool.send(number, message, (answer: FromWorker) => {
      if (answer.type === 'planned') hooks.planned();
      if (answer.type === 'progress') for (const event of answer.events) hooks.progress(event);
      if (answer.type !== 'finished') return;
      if (answer.error?.code === 'ERR_WORKER') {
        // It cannot say so itself any more, and the planning thread waits for it.
        queue.stop();
        queue.leave(0);
      }
      resolve({ tally: answer.tally, error: answer.error && new CopyError(answer.error) });
    });
  });
}

async function gather(parts: Promise<Finished>[]): Promise<Finished> {
  const tally = emptyTally();
  let error: unknown;
  for (const part of await Promise.all(parts)) {
    addTally(tally, part.tally);
    // Threads that were told to end say so; the one that failed says why.
    if (error === undefined || isEnded(error)) error = part.error ?? error;
  }
  return { tally, error };
}

function isEnded(error: unknown): boolean {
  return error instanceof CopyError && error.code === 'ABORT_ERR';
}

/** Plans on the main thread while the workers are already placing what was published. */
async function planAlong(
  queue: Queue,
  job: JobSettings,
  plan: PlanSettings,
  hooks: RunHooks,
  folders: Iterable<Folder>,
  parts: Promise<Finished>[],
): Promise<Finished> {
  const planned = emptyTally();
  const planner = new Planner(queue, plan, job, loadSystem(), planned);
  let error: unknown;
  try {
    let since = performance.now();
    for (const _step of planner.publish(folders)) {
      if (queue.stopped) break;
      if (performance.now() - since < SLICE_MS) continue;
      await nextTurn();
      since = performance.now();
    }
    if (!queue.stopped) hooks.planned();
  } catch (thrown) {
    error = thrown;
    queue.stop();
  }
  const worked = await gather(parts);
  try {
    planner.saveManifest();
  } catch (thrown) {
    error ??= thrown;
  }
  addTally(planned, worked.tally);
  return { tally: planned, error: error ?? worked.error };
}
