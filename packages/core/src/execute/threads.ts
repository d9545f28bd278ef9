import { asThrown, CopyError } from '../errors.ts';
import type { Along } from './along.ts';
import { gather } from './gather.ts';
import type { FromWorker } from './job.ts';
import { pool } from './pool.ts';
import type { Queue } from './queue.ts';
import type { Finished, RunHooks } from './run.ts';

/** Placing this many small files takes longer than booting a worker. */
const MANY_FILES = 1000;

/** Whatever is being placed for so long gets more workers. */
const LONG_MS = 20;

let lastId = 0;

/** Worker threads at a copy. */
export interface Crew {
  parts: Promise<Finished>[];
  /** Resolves when all of them have booted. */
  ready: Promise<void>;
  /** Lets go of the threads. */
  release(): Promise<void>;
}

/** Has worker threads work on the queue, those numbered from `first` on up to `end`. */
export function engage(
  { queue, job, plan, hooks, concurrency }: Along,
  { planning = false, first = 0, end = concurrency } = {},
): Crew {
  const release = pool.hold(end);
  const id = ++lastId;
  const message = { type: 'work', id, memory: queue.memory, job } as const;
  const parts: Promise<Finished>[] = [];
  for (let number = first; number < end; number++) {
    const own = planning && number === 0 ? plan : undefined;
    parts.push(runOnThread(number, { ...message, plan: own }, queue, hooks));
  }
  return { parts, ready: pool.ready(), release };
}

/**
 * Copies in worker threads, the first of which plans too: for none of it the main thread is waited for. Where some
 * stand ready, the others are booted when there is work for them, as soon as the main thread is told.
 */
export async function runOnThreads(along: Along): Promise<Finished> {
  return guarding(along, async (guarded) => {
    const { queue, hooks, concurrency } = guarded;
    const end = pool.size > 0 ? Math.min(pool.size, concurrency) : concurrency;
    let timer: NodeJS.Timeout | undefined;
    let others: Crew | undefined;
    const callOthers = () => {
      if (queue.isTaken || queue.stopped) return;
      try {
        others = engage(guarded, { first: end, end: Math.min(concurrency, end + queue.waiting) });
      } catch {
        // No thread can be started: those that are at it will see to all.
      }
    };
    const planned: RunHooks['planned'] = (...folders) => {
      hooks.planned(...folders);
      if (end === concurrency) return;
      if (queue.waiting > MANY_FILES) callOthers();
      else timer = setTimeout(callOthers, LONG_MS);
    };
    const crew = engage({ ...guarded, hooks: { ...hooks, planned } }, { planning: true, end });
    try {
      const finished = await gather(crew.parts);
      // Those that came too late have done nothing, and may still be booting. One that died has stopped the others.
      const isShared = queue.joined > end || queue.stopped;
      return others && isShared ? await gather([Promise.resolve(finished), ...others.parts]) : finished;
    } finally {
      clearTimeout(timer);
      await Promise.all([crew.release(), others?.release()]);
    }
  });
}

/** A callback that throws must not end the process: it is called while a message is received. */
export async function guarding(along: Along, run: (guarded: Along) => Promise<Finished>): Promise<Finished> {
  const { queue, hooks } = along;
  let thrown: Required<Pick<Finished, 'error'>> | undefined;
  const guard = (callback: () => void): void => {
    if (thrown) return;
    try {
      callback();
    } catch (error) {
      thrown = { error: asThrown(error) };
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
