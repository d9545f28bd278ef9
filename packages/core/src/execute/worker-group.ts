import { asThrown, CopyError } from '../errors.ts';
import { emptyTally } from '../report.ts';
import { combine, type Finished } from './finished.ts';
import type { CopyRequest, FromWorker, RunHooks, ToWorker } from './job.ts';
import { pool } from './pool.ts';
import { chooseSchedule, type ScheduleFacts } from './schedule.ts';
import type { SharedQueue } from './shared-queue.ts';

let lastId = 0;

/** The worker threads that take part in a copy. */
export class WorkerGroup {
  readonly #queue: SharedQueue;
  readonly #hooks: RunHooks;
  readonly #message: Omit<ToWorker, 'plan' | 'thread'>;
  /** What each worker did; undefined if it ended while it booted. */
  readonly #parts: Promise<Finished | undefined>[] = [];
  readonly #releases: (() => Promise<void>)[] = [];
  /** An error that a callback of the user threw. */
  #thrown: Finished['error'];
  /** Whether the first worker plans the copy. */
  #plans = false;

  constructor({ job, hooks }: Pick<CopyRequest, 'job' | 'hooks'>, queue: SharedQueue) {
    this.#queue = queue;
    this.#hooks = hooks;
    this.#message = { type: 'work', id: ++lastId, memory: queue.memory, job: { ...job, leavesLinks: true } };
  }

  get size(): number {
    return this.#parts.length;
  }

  /**
   * Starts workers until there are `size`. If `plan` is given, the first worker plans. Throws if no more threads can
   * be started; the threads that already take part continue.
   */
  grow(size: number, plan?: CopyRequest['plan']): void {
    if (size <= this.size) return;
    this.#plans ||= plan !== undefined;
    this.#releases.push(pool.hold(size));
    while (this.size < size) {
      const number = this.size;
      this.#parts.push(this.#start(number, number === 0 ? plan : undefined));
    }
  }

  /**
   * Waits until everything is done. Returns what the workers did, without those that came too late to join, or ended
   * while they booted. Returns undefined if that happened to the only worker, which was to plan: nothing is done.
   */
  async finish(): Promise<Finished[] | undefined> {
    // If the first worker plans, it lets no other worker join after everything is done.
    if (this.#plans && !(await this.#parts[0])) {
      if (this.size === 1) return undefined;
      // The others wait for files, and end with the copy.
      this.#queue.stop();
      this.#thrown ??= new CopyError({ code: 'ERR_WORKER', reason: 'a worker thread ended while it booted' });
    }
    const isSealed = this.#queue.sealIfDone();
    const parts = isSealed
      ? this.#parts.filter((_part, number) => this.#queue.hasJoined(number + 1))
      : this.#parts;
    const finished = (await Promise.all(parts)).filter((part) => part !== undefined);
    return this.#thrown ? [{ tally: emptyTally(), error: this.#thrown }, ...finished] : finished;
  }

  /** Releases the threads. */
  async release(): Promise<void> {
    await Promise.all(this.#releases.map((release) => release()));
  }

  #start(number: number, plan: CopyRequest['plan'] | undefined): Promise<Finished | undefined> {
    // The calling thread has number 0.
    const thread = number + 1;
    return new Promise((resolve) => {
      pool.send(number, { ...this.#message, thread, plan }, (answer: FromWorker) => {
        if (answer.type === 'never booted') return resolve(undefined);
        if (answer.type !== 'finished') return this.#callHooks(answer);
        if (answer.error?.code === 'ERR_WORKER') {
          // The thread can no longer report this itself, and the planning thread waits for it.
          this.#queue.stop();
          this.#queue.leave(thread, 0);
        }
        resolve({ tally: answer.tally, error: answer.error && new CopyError(answer.error) });
      });
    });
  }

  /** Calls the user's callbacks. This runs in a message listener, where a thrown error would end the process. */
  #callHooks(answer: Exclude<FromWorker, { type: 'finished' | 'never booted' }>): void {
    if (this.#thrown) return;
    try {
      if (answer.type === 'large') this.#hooks.large();
      if (answer.type === 'planned') this.#hooks.planned([], answer.unchanged, answer.filesystem);
      if (answer.type === 'progress') for (const event of answer.events) this.#hooks.progress(event);
    } catch (error) {
      this.#thrown = asThrown(error);
      this.#queue.stop();
    }
  }
}

/**
 * Runs a copy in worker threads, so that no part of it waits for the calling thread. The first worker plans too; more
 * are added when there is work for them. Returns undefined if no thread can be started, or it ends while it boots.
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
    const finished = await workerGroup.finish();
    return finished && combine(finished);
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
