import { CopyError } from '../errors.ts';
import type { Found } from '../plan/look.ts';
import { type Along, gather, planAlong } from './along.ts';
import type { FromWorker } from './job.ts';
import { pool } from './pool.ts';
import type { Queue } from './queue.ts';
import type { Finished, RunHooks } from './run.ts';

let lastId = 0;

/** Worker threads at a copy. */
export interface Crew {
  parts: Promise<Finished>[];
  /** Resolves when all of them have booted. */
  ready: Promise<void>;
  /** Lets go of the threads. */
  release(): Promise<void>;
}

/** Has worker threads work on the queue; `planning`: the first of them plans, too. */
export function engage({ queue, job, plan, hooks, concurrency }: Along, planning: boolean): Crew {
  const release = pool.hold(concurrency);
  const id = ++lastId;
  const message = { type: 'work', id, memory: queue.memory, job } as const;
  const parts = Array.from({ length: concurrency }, (_each, number) =>
    runOnThread(number, { ...message, plan: planning && number === 0 ? plan : undefined }, queue, hooks),
  );
  return { parts, ready: pool.ready(), release };
}

/**
 * Copies in worker threads. The first of them plans too, off the main thread, unless the user's functions
 * have to be called: then files are `found` here, with pauses.
 */
export async function runOnThreads(along: Along, found?: Found): Promise<Finished> {
  return guarding(along, async (guarded) => {
    const { parts, release } = engage(guarded, found === undefined);
    try {
      return await (found ? planAlong(guarded, found, () => gather(parts)) : gather(parts));
    } finally {
      await release();
    }
  });
}

/** A callback that throws must not end the process: it is called while a message is received. */
export async function guarding(along: Along, run: (guarded: Along) => Promise<Finished>): Promise<Finished> {
  const { queue, hooks } = along;
  let thrown: { error: unknown } | undefined;
  const guard = (callback: () => void): void => {
    if (thrown) return;
    try {
      callback();
    } catch (error) {
      thrown = { error };
      queue.stop();
    }
  };
  const finished = await run({
    ...along,
    hooks: {
      planned: (transformed, settled) => guard(() => hooks.planned(transformed, settled)),
      progress: (event) => guard(() => hooks.progress(event)),
    },
  });
  return thrown ? { ...finished, ...thrown } : finished;
}

function runOnThread(
  number: number,
  message: Parameters<typeof pool.send>[1],
  queue: Queue,
  hooks: RunHooks,
): Promise<Finished> {
  return new Promise((resolve) => {
    pool.send(number, message, (answer: FromWorker) => {
      if (answer.type === 'planned') hooks.planned([], answer.settled);
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
