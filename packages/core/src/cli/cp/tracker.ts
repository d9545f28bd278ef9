import type { Method } from '../../model/settings.ts';
import type { Progress } from '../../options.ts';
import { addToMethod, type CopyReport } from '../../report.ts';

/** The period of the rate, in milliseconds. */
const WINDOW_MS = 3000;

/** What a copy has done so far, collected from its progress events. */
export class Tracker {
  readonly started: number = performance.now();
  readonly methods: CopyReport['methods'] = {};
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
    addToMethod(this.methods, method, { files: 1, bytes: fileBytes });
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
