import os from 'node:os';
import { complain } from './output.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Milliseconds before a notice is printed: stopping usually takes less. */
const PATIENCE_MS = 300;

/** Aborts the command if the user, or the system, stops it by a signal. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners = SIGNALS.map((name) => ({ name, listener: () => this.#stop(name) }));
  readonly #quiet: boolean;
  #received: NodeJS.Signals | undefined;
  #notice: NodeJS.Timeout | undefined;

  /** The first signal aborts. The next one finds no listener and ends the process immediately. */
  constructor({ quiet }: { quiet: boolean }) {
    this.#quiet = quiet;
    for (const { name, listener } of this.#listeners) process.on(name, listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * The exit status that a shell expects of a command that a signal ended (130 after Ctrl-C); undefined without a
   * signal.
   */
  get status(): number | undefined {
    return this.#received && 128 + os.constants.signals[this.#received];
  }

  [Symbol.dispose](): void {
    for (const { name, listener } of this.#listeners) process.removeListener(name, listener);
    clearTimeout(this.#notice);
  }

  #stop(name: NodeJS.Signals): void {
    this[Symbol.dispose]();
    this.#received = name;
    this.#controller.abort(new Error(`received ${name}`));
    if (this.#quiet) return;
    this.#notice = setTimeout(() => complain('stopping; again to end at once'), PATIENCE_MS).unref();
  }
}
