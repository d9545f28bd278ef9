const STATE = 0;
const CLOSED = 1;

const LOADING = 1;

/** The longest wait, in milliseconds. Loading is faster than this everywhere. */
const PATIENCE_MS = 2000;

/**
 * A lock between a thread that loads the native addon and the code that ends the thread: if a thread is ended while
 * it loads an addon, the whole process aborts.
 */
export class AddonLock {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** Called in the thread: calls `load`, unless the thread is about to be ended. Then returns undefined. */
  load<T>(load: () => T): T | undefined {
    Atomics.store(this.#words, STATE, LOADING);
    try {
      return Atomics.load(this.#words, CLOSED) === 0 ? load() : undefined;
    } finally {
      Atomics.store(this.#words, STATE, 0);
      Atomics.notify(this.#words, STATE);
    }
  }

  /** Called from outside: prevents every later load. Returns whether the thread is loading at the moment. */
  close(): boolean {
    Atomics.store(this.#words, CLOSED, 1);
    return Atomics.load(this.#words, STATE) === LOADING;
  }

  /** Like {@link close}, but also blocks until the thread is not loading. */
  closeAndWait(): void {
    if (this.close()) Atomics.wait(this.#words, STATE, LOADING, PATIENCE_MS);
  }
}
