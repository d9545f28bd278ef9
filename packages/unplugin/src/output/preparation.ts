import type { CopyOptions, CopyReport, Target } from 'fs-reflink';
import { type PreparedCopies, type PrepareOptions, prepareCopies } from 'fs-reflink/host';

/** What the copies of one build, or of all builds of a watcher, start from: worker threads stay until it is disposed. */
export class Preparation {
  #copies: PreparedCopies | undefined;

  /** Returns whether worker threads boot. */
  prepare(options: () => PrepareOptions): boolean {
    if (!this.#copies?.workers) this.#copies = prepareCopies(options());
    // They are the same threads, and now held for this build.
    void disposeAhead();
    return this.#copies.workers > 0;
  }

  start(targets: readonly Target<string>[], options: CopyOptions): Promise<CopyReport> {
    return (this.#copies ??= prepareCopies()).start(targets, options);
  }

  /** The report of such a copy, of which nothing is done. */
  plan(targets: readonly Target<string>[], options: CopyOptions): Promise<CopyReport> {
    return (this.#copies ??= prepareCopies()).plan(targets, options);
  }

  async dispose(): Promise<void> {
    const copies = this.#copies;
    this.#copies = undefined;
    await copies?.dispose();
  }
}

/** For whichever build of this process begins next. */
let ahead: PreparedCopies | undefined;

/** Prepares copies before it is known which build begins, or whether one does. */
export function prepareAhead(options: PrepareOptions): void {
  if (ahead?.workers) return;
  ahead = prepareCopies(options);
}

/** No build begins for now. */
export async function disposeAhead(): Promise<void> {
  const copies = ahead;
  ahead = undefined;
  await copies?.dispose();
}
