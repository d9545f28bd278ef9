import type { Method } from '../../model/settings.ts';
import type { Progress } from '../../options.ts';
import type { MethodCount } from '../../report.ts';
import type { Total } from '../total.ts';

/** The period of the rate, in milliseconds. */
const WINDOW_MS = 3000;

/** What a copy has done so far, collected from its progress events. */
export class Tracker {
  readonly started: number = performance.now();
  readonly methods: Partial<Record<Method, MethodCount>> = {};
  /** Files that are done, including those that were skipped. */
  files = 0;
  /** Files that were copied, without those that were skipped. */
  copied = 0;
  /** The method of the last complete file. That of a large file is not known before it is complete. */
  method: Method | undefined;
  #bytes = 0;
  /** Bytes copied so far of each file that is not complete. */
  readonly #parts = new Map<string, number>();
  #samples: { at: number; bytes: number }[] = [];

  add({ done, destination, fileBytes, method, files, bytes }: Progress): void {
    this.files = files;
    this.#bytes = bytes;
    if (!done) {
      this.#parts.set(destination, fileBytes);
      return;
    }
    this.#parts.delete(destination);
    if (method === undefined) return;
    this.method = method;
    this.copied++;
    const count = (this.methods[method] ??= { files: 0, bytes: 0 });
    count.files++;
    count.bytes += fileBytes;
  }

  /** Bytes copied so far, including parts of files that are not complete. */
  get bytes(): number {
    let total = this.#bytes;
    for (const part of this.#parts.values()) total += part;
    return total;
  }

  /** Bytes of complete files. */
  get completeBytes(): number {
    return this.#bytes;
  }

  get elapsedMs(): number {
    return performance.now() - this.started;
  }

  /** Bytes per second over the last seconds. */
  rate(): number {
    const now = { at: performance.now(), bytes: this.bytes };
    this.#samples.push(now);
    this.#samples = this.#samples.filter(({ at }) => now.at - at <= WINDOW_MS);
    const first = this.#samples.length > 1 ? this.#samples[0]! : { at: this.started, bytes: 0 };
    const seconds = (now.at - first.at) / 1000;
    return seconds > 0 ? (now.bytes - first.bytes) / seconds : 0;
  }
}

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
