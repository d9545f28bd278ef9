const STATE = 0;
const CLOSED = 1;

const LOADING = 1;

/** Longer than loading takes anywhere. */
const PATIENCE_MS = 2000;

/**
 * Between the native lane and the end of a thread: an addon that is being loaded while its thread is ended aborts
 * the whole process.
 */
export class AddonLock {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** In the thread: loads, unless the thread is about to be ended. */
  pass<T>(load: () => T): T | undefined {
    Atomics.store(this.#words, STATE, LOADING);
    try {
      return Atomics.load(this.#words, CLOSED) === 0 ? load() : undefined;
    } finally {
      Atomics.store(this.#words, STATE, 0);
      Atomics.notify(this.#words, STATE);
    }
  }

  /** From outside: nothing is loaded from now on but what is being loaded. Returns whether that is so. */
  close(): boolean {
    Atomics.store(this.#words, CLOSED, 1);
    return Atomics.load(this.#words, STATE) === LOADING;
  }

  /** {@link close}, and waits until nothing is being loaded. Blocks. */
  closeAndWait(): void {
    if (this.close()) Atomics.wait(this.#words, STATE, LOADING, PATIENCE_MS);
  }
}
