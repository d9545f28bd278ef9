import type { Total } from '../total.ts';
import type { Tracker } from './tracker.ts';

/** In milliseconds. A copy that ends sooner shows no progress. */
const PATIENCE_MS = 500;
/** Milliseconds between lines if standard error is not a terminal. */
const LINE_MS = 10_000;
const FRAME_MS = 100;

interface View {
  update(): void;
  close(): void;
}

/** Shows the progress of a copy: a bar on a terminal, lines elsewhere, nothing for a short copy. */
export class Display implements Disposable {
  readonly #tracker: Tracker;
  readonly #count: (ended: () => boolean) => Promise<Total | undefined>;
  #timer: NodeJS.Timeout;
  #view: View | undefined;
  #total: Total | undefined;
  #ended = false;

  constructor(tracker: Tracker, count: (ended: () => boolean) => Promise<Total | undefined>) {
    this.#tracker = tracker;
    this.#count = count;
    const isTerminal = process.stderr.isTTY;
    this.#timer = setTimeout(() => this.#begin(isTerminal), isTerminal ? PATIENCE_MS : LINE_MS);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#view?.close();
  }

  async #begin(isTerminal: boolean): Promise<void> {
    // An error of counting is ignored, because the copy fails on the same and reports it.
    void this.#count(() => this.#ended).then(
      (total) => {
        this.#total = total;
      },
      () => {},
    );
    const { barView, lineView } = await import('./views.ts');
    if (this.#ended) return;
    const view = (isTerminal ? barView : lineView)(this.#tracker, () => this.#total);
    this.#view = view;
    this.#timer = setInterval(() => view.update(), isTerminal ? FRAME_MS : LINE_MS);
    this.#timer.unref();
  }
}
