import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { CopyError } from '../errors.ts';
import { emptyTally } from '../report.ts';
import { currentRun } from '../transfer/temporary.ts';
import { AddonLock } from './addon-lock.ts';
import type { FromWorker, ToWorker, WorkerData } from './job.ts';

// The worker file is beside the bundle that this module is built into. From source, the built worker is used too,
// because Node.js 20 does not run TypeScript. In CommonJS that a bundler creates from this module, `import.meta.url`
// is empty.
const HERE = import.meta.url ? fileURLToPath(import.meta.url) : __filename;
const NAME = 'fs-reflink-worker.cjs';
const WORKER = path.join(path.dirname(HERE), HERE.endsWith('.ts') ? `../../dist/${NAME}` : NAME);

/** Size of the young generation of a worker's heap: a worker creates a few small, short-lived objects per file. */
const YOUNG_GENERATION_MB = 4;

export type Listener = (message: FromWorker) => void;

interface Member {
  worker: Worker;
  lock: AddonLock;
  ready: Promise<void>;
  listeners: Map<number, Listener>;
  /** The pool is ending the worker, and keeps it referenced until it has ended. */
  ending: boolean;
}

/** Worker threads that are kept as long as at least one caller holds the pool. */
class Pool {
  readonly #members: Member[] = [];
  #holders = 0;

  /** Starts workers until there are at least `count`. Holds the pool until the returned function is called. */
  hold(count: number): () => Promise<void> {
    this.#holders++;
    let held = true;
    const release = async () => {
      if (!held) return;
      held = false;
      if (--this.#holders === 0) await this.#end();
    };
    try {
      while (this.#members.length < count) this.#members.push(start((member) => this.#drop(member)));
    } catch (error) {
      // The system, or Node.js's permission model, allows no more threads.
      void release();
      throw error;
    }
    return release;
  }

  /** Resolves when all workers have loaded the native lane. */
  async ready(): Promise<void> {
    await Promise.all(this.#members.map(({ ready }) => ready));
  }

  get size(): number {
    return this.#members.length;
  }

  /** Sends a message to the worker with this number. `listener` receives the replies to it. */
  send(number: number, message: ToWorker, listener: Listener): void {
    const member = this.#members[number]!;
    member.listeners.set(message.id, listener);
    // A running copy keeps the process alive; a worker that is only held does not.
    member.worker.ref();
    member.worker.postMessage(message);
  }

  #drop(member: Member): void {
    const position = this.#members.indexOf(member);
    if (position >= 0) this.#members.splice(position, 1);
  }

  async #end(): Promise<void> {
    const members = this.#members.splice(0);
    await Promise.all(
      members.map(async (member) => {
        const { worker, lock, ready } = member;
        member.ending = true;
        worker.ref();
        if (lock.close()) await ready;
        await worker.terminate();
      }),
    );
  }
}

const locks = new Set<AddonLock>();

/** Closes the lock if the process exits while the thread is booting: see {@link AddonLock}. */
function watchOver(lock: AddonLock): void {
  if (locks.size === 0) process.once('exit', closeLocks);
  locks.add(lock);
}

function closeLocks(): void {
  for (const lock of locks) lock.closeAndWait();
}

function start(onExit: (member: Member) => void): Member {
  // If a user bundles the library, the worker file may be missing: then there are no threads.
  if (!fs.existsSync(WORKER)) throw new Error(`${WORKER} is not there`);
  const lock = new AddonLock();
  const data: WorkerData = { run: currentRun(), lock: lock.memory };
  // Loaded only with the first thread, because it takes 2 ms and most copies start no thread.
  const threads = process.getBuiltinModule('node:worker_threads');
  const worker = new threads.Worker(WORKER, {
    workerData: data,
    name: 'fs-reflink',
    // A worker does not need the loaders and inspectors of the host process.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  watchOver(lock);
  const listeners = new Map<number, Listener>();
  let isReady: () => void;
  let hasBooted = false;
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  let cause: unknown;
  worker.once('exit', (code) => {
    locks.delete(lock);
    if (locks.size === 0) process.off('exit', closeLocks);
    onExit(member);
    isReady();
    if (hasBooted) fail(listeners, cause ?? new Error(`exit code ${code}`));
    else for (const [id, listener] of listeners) listener({ type: 'never booted', id });
  });
  worker.on('error', (error) => {
    cause = error;
  });
  worker.on('message', (message: FromWorker) => {
    if (message.type === 'ready') {
      hasBooted = true;
      letProcessEnd(member);
      return isReady();
    }
    const listener = listeners.get(message.id);
    if (message.type === 'finished') {
      listeners.delete(message.id);
      letProcessEnd(member);
    }
    listener?.(message);
  });
  const member: Member = { worker, lock, ready, listeners, ending: false };
  return member;
}

/**
 * Lets the process end while the thread has nothing to do. A booting thread is still referenced, because a caller may
 * wait for it.
 */
function letProcessEnd({ worker, listeners, ending }: Member): void {
  if (listeners.size === 0 && !ending) worker.unref();
}

/** Ends the copies that a worker took part in with an error, after the worker has ended. */
function fail(listeners: Map<number, Listener>, cause: unknown): void {
  for (const [id, listener] of listeners) {
    const error = new CopyError({
      code: 'ERR_WORKER',
      reason: 'a worker thread ended unexpectedly',
      cause,
    });
    listener({ type: 'finished', id, tally: emptyTally(), error: error.details });
  }
  listeners.clear();
}

export const pool = new Pool();
