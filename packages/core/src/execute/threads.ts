import { CopyError } from '../errors.ts';
import type { Folder } from '../scan/folder.ts';
import { type Along, gather, planAlong } from './along.ts';
import type { FromWorker } from './job.ts';
import { pool } from './pool.ts';
import type { Queue } from './queue.ts';
import type { Finished, RunHooks } from './run.ts';

let lastId = 0;

/**
 * Copies in worker threads. The first of them plans too, off the main thread, unless the user's functions
 * have to be called: then `folders` are found here, with pauses.
 */
export async function runOnThreads(along: Along, folders?: Iterable<Folder>): Promise<Finished> {
  const { queue, job, plan, hooks, concurrency: threads } = along;
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
    planned: (transformed) => guard(() => hooks.planned(transformed)),
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
    const finished = await (planHere
      ? planAlong({ ...along, hooks: guarded }, folders, () => gather(parts))
      : gather(parts));
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
      if (answer.type === 'planned') hooks.planned([]);
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
