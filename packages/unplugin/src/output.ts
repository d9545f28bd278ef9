import { createHash } from 'node:crypto';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CopyError, type CopyOptions, type CopyReport, copy, type Target } from 'fs-reflink';

export interface OutputSettings {
  /** Absolute path of the output directory. */
  directory: string;
  targets: Target[];
  /** Where the host keeps what may be thrown away. */
  cacheDirectory: string;
  /** Delete all that no target places, as the host would have. */
  empty: boolean;
  /** What emptying leaves alone, relative to the directory. */
  keep: string[];
  engine: CopyOptions;
}

/** The copy into one output directory: begun when that is safe, settled when the host has to rely on it. */
export class OutputCopy {
  readonly directory: string;
  readonly #planned: Promise<void>;
  readonly #finished: Promise<CopyReport>;
  #failure: { error: unknown } | undefined;
  readonly #abort = new AbortController();

  constructor({ directory, targets, cacheDirectory, empty, keep, engine }: OutputSettings) {
    this.directory = directory;
    let isPlanned = () => {};
    this.#planned = new Promise<void>((resolve) => {
      isPlanned = resolve;
    });
    this.#finished = copy(targets, {
      ...engine,
      cwd: directory,
      manifest: manifestFile(cacheDirectory, directory),
      prune: empty ? 'everything' : 'placed',
      keep,
      onPlanned: isPlanned,
      signal: this.#abort.signal,
    });
    // Kept to be told when asked; a build that fails before must not end in an unhandled rejection.
    this.#finished.catch((error: unknown) => {
      this.#failure = { error };
      isPlanned();
    });
  }

  /** Resolves when nothing more will be deleted. Rejects with what went wrong so far. */
  async planned(): Promise<void> {
    await this.#planned;
    // A small copy runs on this thread and has ended by now; what it failed with is known a turn later.
    await nextTurn();
    if (this.#failure) throw this.#failure.error;
  }

  /** Resolves when everything is in place. Rejects with what went wrong. */
  settle(): Promise<CopyReport> {
    return this.#finished;
  }

  /** Ends the copy. Resolves when no thread works on it any more, with what had gone wrong until then. */
  async cancel(): Promise<unknown> {
    this.#abort.abort();
    await this.#finished.catch(() => {});
    const error = this.#failure?.error;
    return error instanceof CopyError && error.code === 'ABORT_ERR' ? undefined : error;
  }
}

/** What was placed is noted outside the output, one file for each output directory. */
function manifestFile(cacheDirectory: string, directory: string): string {
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  return path.join(cacheDirectory, 'unplugin-reflink', `${name}.manifest`);
}
