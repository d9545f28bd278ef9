import type { Method } from '../../model/settings.ts';
import type { Progress } from '../../options.ts';
import type { MethodCount } from '../../report.ts';
import { bytes, number } from '../format.ts';
import { complain, showStatus } from '../output.ts';
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

/** Shows the progress of a copy: a bar on a terminal, lines elsewhere, nothing for a short copy. */
export class Display implements Disposable {
  readonly #tracker: Tracker;
  readonly #count: (ended: () => boolean) => Promise<Total | undefined>;
  readonly #isTerminal = process.stderr.isTTY;
  #timer: NodeJS.Timeout;
  #total: Total | undefined;
  #isShown = false;
  #ended = false;

  constructor(tracker: Tracker, count: (ended: () => boolean) => Promise<Total | undefined>) {
    this.#tracker = tracker;
    this.#count = count;
    this.#timer = setTimeout(() => this.#begin(), this.#isTerminal ? PATIENCE_MS : LINE_MS).unref();
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    if (this.#isShown && this.#isTerminal) showStatus('');
  }

  #begin(): void {
    // An error of counting is ignored, because the copy fails on the same and reports it.
    void this.#count(() => this.#ended).then(
      (total) => {
        this.#total = total;
      },
      () => {},
    );
    this.#isShown = true;
    this.#update();
    this.#timer = setInterval(() => this.#update(), this.#isTerminal ? FRAME_MS : LINE_MS).unref();
  }

  #update(): void {
    if (this.#isTerminal) showStatus(line(this.#tracker, this.#total));
    else complain(facts(this.#tracker, this.#total).join('  '));
  }
}

const NARROW = 60;
const BAR = { least: 6, most: 30 };

function line(tracker: Tracker, total: Total | undefined): string {
  const width = Math.max(20, (process.stderr.columns ?? 80) - 1);
  const said = facts(tracker, total);
  let text = said.join('  ');
  while (text.length > width && said.length > 1) {
    said.pop();
    text = said.join('  ');
  }
  const room = width - text.length - 2;
  if (!total || room < BAR.least || width < NARROW) return text.slice(0, width);
  const size = Math.min(room, BAR.most);
  const done = Math.round(share(tracker, total) * size);
  return `${'█'.repeat(done)}${'░'.repeat(size - done)}  ${text}`;
}

/** The facts of a line, the most important first: those at the end are left out if they do not fit. */
export function facts(tracker: Tracker, total: Total | undefined): string[] {
  const of = (done: string, all: string | undefined) => (all === undefined ? done : `${done}/${all}`);
  const method = tracker.method ? [tracker.method] : [];
  return [
    ...(total ? [`${Math.floor(share(tracker, total) * 100)}%`.padStart(4)] : []),
    `${of(number(tracker.files), total && number(total.files))} files`,
    of(bytes(tracker.bytes), total && bytes(total.bytes)),
    `${bytes(tracker.rate())}/s`,
    ...method,
  ];
}

/**
 * The part of the copy that is done, from 0 to 1, by bytes. A file that was skipped counts as one of average size.
 */
export function share({ files, copied, bytes: done }: Tracker, total: Total): number {
  if (total.files === 0) return 1;
  if (total.bytes === 0) return Math.min(1, files / total.files);
  const skipped = (files - copied) * (total.bytes / total.files);
  return Math.min(1, (done + skipped) / total.bytes);
}
