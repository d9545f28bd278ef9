import { asThrown, CopyError } from '../errors.ts';
import { emptyTally } from '../report.ts';
import type { Finished } from './finished.ts';
import type { CopyRequest, FromWorker, RunHooks, ToWorker } from './job.ts';
import { pool } from './pool.ts';
import type { SharedQueue } from './shared-queue.ts';

let lastId = 0;

/** Worker threads that take part in a copy. */
export class Crew {
  readonly #queue: SharedQueue;
  readonly #hooks: RunHooks;
  readonly #message: Omit<ToWorker, 'plan' | 'thread'>;
  readonly #parts: Promise<Finished>[] = [];
  readonly #releases: (() => Promise<void>)[] = [];
  /** What a callback of the user threw. */
  #thrown: Finished['error'];
  /** The first one plans. */
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
   * Makes it `size` workers. The first one plans if it is given `plan`. Throws when no more threads can be started:
   * then those that take part already go on.
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

  /** What those did that have come in time, once all is done. */
  async finish(): Promise<Finished[]> {
    // The one that plans lets no other join once nothing is left.
    if (this.#plans) await this.#parts[0];
    const isSealed = this.#queue.sealIfDone();
    const parts = isSealed
      ? this.#parts.filter((_part, number) => this.#queue.hasJoined(number + 1))
      : this.#parts;
    const finished = await Promise.all(parts);
    return this.#thrown ? [{ tally: emptyTally(), error: this.#thrown }, ...finished] : finished;
  }

  /** Lets go of the threads. */
  async release(): Promise<void> {
    await Promise.all(this.#releases.map((release) => release()));
  }

  #start(number: number, plan: CopyRequest['plan'] | undefined): Promise<Finished> {
    // The calling thread has number 0.
    const thread = number + 1;
    return new Promise((resolve) => {
      pool.send(number, { ...this.#message, thread, plan }, (answer: FromWorker) => {
        if (answer.type !== 'finished') return this.#callHooks(answer);
        if (answer.error?.code === 'ERR_WORKER') {
          // It cannot say so itself any more, and the planning thread waits for it.
          this.#queue.stop();
          this.#queue.leave(thread, 0);
        }
        resolve({ tally: answer.tally, error: answer.error && new CopyError(answer.error) });
      });
    });
  }

  /** Calls the user's callbacks. It runs while a message is received: to throw here would end the process. */
  #callHooks(answer: Exclude<FromWorker, { type: 'finished' }>): void {
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
