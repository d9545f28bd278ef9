import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { CopyError } from '../errors.ts';
import { emptyTally } from '../report.ts';
import { currentRun } from '../transfer/temporary.ts';
import { AddonLock } from './addon-lock.ts';
import type { FromWorker, ToWorker, WorkerData } from './job.ts';

// Beside the bundle it is built into. From source it is the built one too: Node.js 20 runs no TypeScript. A bundler that
// makes CommonJS of this leaves `import.meta.url` empty.
const HERE = import.meta.url ? fileURLToPath(import.meta.url) : __filename;
const NAME = 'fs-reflink-worker.cjs';
const WORKER = path.join(path.dirname(HERE), HERE.endsWith('.ts') ? `../../dist/${NAME}` : NAME);

/** Young generation of a worker's heap: it makes a few small objects per file, all short-lived. */
const YOUNG_GENERATION_MB = 4;

export type Listener = (message: FromWorker) => void;

interface Member {
  worker: Worker;
  gate: AddonLock;
  ready: Promise<void>;
  listeners: Map<number, Listener>;
  /** It is waited for until it has ended, whatever it still has to say. */
  ending: boolean;
}

/** Worker threads that are kept while anybody holds them. */
class Pool {
  readonly #members: Member[] = [];
  #holders = 0;

  /** Makes sure of `count` workers and holds the pool until the returned function is called. */
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
      // The system, or a permission of Node's, allows no more of them.
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

  /** Sends to the worker with this number; `listener` gets its answers to the message's job. */
  send(number: number, message: ToWorker, listener: Listener): void {
    const member = this.#members[number]!;
    member.listeners.set(message.id, listener);
    // A copy that is underway keeps the process alive; a worker that is only held does not.
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
        const { worker, gate, ready } = member;
        member.ending = true;
        worker.ref();
        if (gate.close()) await ready;
        await worker.terminate();
      }),
    );
  }
}

const gates = new Set<AddonLock>();

/** The process may end by itself, or be ended, while the thread is booting. */
function watchOver(gate: AddonLock): void {
  if (gates.size === 0) process.once('exit', closeGates);
  gates.add(gate);
}

function closeGates(): void {
  for (const gate of gates) gate.closeAndWait();
}

function start(onExit: (member: Member) => void): Member {
  // Whoever bundles the library into a file of their own may leave it out: then there are no threads.
  if (!fs.existsSync(WORKER)) throw new Error(`${WORKER} is not there`);
  const gate = new AddonLock();
  const data: WorkerData = { run: currentRun(), gate: gate.memory };
  // Loaded with the first thread: it takes 2 ms, and most copies start none.
  const threads = process.getBuiltinModule('node:worker_threads');
  const worker = new threads.Worker(WORKER, {
    workerData: data,
    name: 'fs-reflink',
    // Loaders and inspectors of the host process are none of the worker's business.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  watchOver(gate);
  const listeners = new Map<number, Listener>();
  let isReady: () => void;
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  let cause: unknown;
  worker.once('exit', (code) => {
    gates.delete(gate);
    if (gates.size === 0) process.off('exit', closeGates);
    onExit(member);
    isReady();
    fail(listeners, cause ?? new Error(`exit code ${code}`));
  });
  worker.on('error', (error) => {
    cause = error;
  });
  worker.on('message', (message: FromWorker) => {
    if (message.type === 'ready') {
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
  const member: Member = { worker, gate, ready, listeners, ending: false };
  return member;
}

/** The process need not wait for a thread that has nothing to do. Until it has booted somebody may wait for that. */
function letProcessEnd({ worker, listeners, ending }: Member): void {
  if (listeners.size === 0 && !ending) worker.unref();
}

/** A worker that ends takes the copies it was at with it. */
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
