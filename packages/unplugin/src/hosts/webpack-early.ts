import fs from 'node:fs';
import path from 'node:path';
import type { CopyReport } from 'fs-reflink';
import { OutputCopy, type OutputSettings } from '../output.ts';
import { inTurn } from './webpack-outputs.ts';

/** Whether there is nothing in a directory, or no directory. */
export function isVacant(directory: string): boolean {
  try {
    return fs.readdirSync(directory).length === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/**
 * A copy into an output that nothing is in yet, begun while the modules are built. Whether the build will be written
 * nobody knows by then: the copy that is made when it is finds most of its files in place, and where there is no such
 * copy, all of them are taken away again.
 */
export class EarlyCopy {
  readonly #settings: OutputSettings;
  /** The first directory on the way to the output that was not there. */
  readonly #missing: string | undefined;
  readonly #report: Promise<CopyReport | undefined>;
  #copy: OutputCopy | undefined;
  #isOver = false;

  constructor(settings: OutputSettings) {
    this.#settings = settings;
    this.#missing = firstMissing(settings.directory);
    this.#report = inTurn(settings.directory, () => this.#run()).catch(() => {
      // Whatever is wrong, the next copy says so if it still is.
      return undefined;
    });
  }

  /** What was placed, once no thread works on it any more; nothing where that failed. */
  async finish(): Promise<CopyReport | undefined> {
    return this.#report;
  }

  /** The build was not written. */
  async undo(): Promise<void> {
    this.#isOver = true;
    await this.#copy?.cancel();
    await this.#report;
    const { directory } = this.#settings;
    await inTurn(directory, async () => {
      const nothing = new OutputCopy({ ...this.#settings, publicTargets: [], targets: [] });
      await nothing.settle().catch(() => {
        // Then what was placed stays, as after a build that was ended by force.
      });
      removeEmpty(directory);
      if (this.#missing !== undefined) removeEmpty(this.#missing, { itself: true });
    });
  }

  async #run(): Promise<CopyReport | undefined> {
    if (this.#isOver) return undefined;
    this.#copy = new OutputCopy(this.#settings);
    await this.#copy.settle();
    return this.#copy.report();
  }
}

function firstMissing(directory: string): string | undefined {
  let missing: string | undefined;
  for (let current = directory; !fs.existsSync(current); current = path.dirname(current)) missing = current;
  return missing;
}

function removeEmpty(directory: string, { itself = false } = {}): void {
  try {
    for (const entry of fs.readdirSync(directory, { withFileTypes: true }))
      if (entry.isDirectory()) removeEmpty(path.join(directory, entry.name), { itself: true });
    if (itself) fs.rmdirSync(directory);
  } catch {
    // Gone already, or something in it is not ours.
  }
}
