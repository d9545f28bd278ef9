import type { CopyOptions, CopyReport, Target } from 'fs-reflink';
import { type PreparedCopies, type PrepareOptions, prepareCopies } from 'fs-reflink/host';

/** Prepares the copies of one build, or of all builds of a watcher. Worker threads stay until it is disposed of. */
export class Preparation {
  #copies: PreparedCopies | undefined;

  prepare(options: PrepareOptions): void {
    if (!this.#copies?.workers) this.#copies = prepareCopies(options);
    // The threads that were prepared ahead are the same. Now this build holds them.
    void disposeAhead();
  }

  /** Copies or, in a dry run, returns the report of such a copy. */
  copy(targets: readonly Target<string>[], options: CopyOptions, dryRun = false): Promise<CopyReport> {
    const copies = (this.#copies ??= prepareCopies());
    return dryRun ? copies.plan(targets, options) : copies.start(targets, options);
  }

  async dispose(): Promise<void> {
    const copies = this.#copies;
    this.#copies = undefined;
    await copies?.dispose();
  }
}

/** The copies that are prepared for the next build of this process. */
let ahead: PreparedCopies | undefined;

/** Prepares copies before it is known which build starts, or whether one starts. */
export function prepareAhead(options: PrepareOptions): void {
  if (ahead?.workers) return;
  ahead = prepareCopies(options);
}

/** Call this if no build starts for now. Ends worker threads that were prepared ahead and that no build holds. */
export async function disposeAhead(): Promise<void> {
  const copies = ahead;
  ahead = undefined;
  await copies?.dispose();
}
