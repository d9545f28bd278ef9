import { asThrown, CopyError } from '../errors.ts';
import { addTally, emptyTally, type Tally } from '../report.ts';

/** What one thread, or all threads together, did. */
export interface Finished {
  tally: Tally;
  /**
   * The error that ended the copy: a CopyError, or what a function of the user threw. Never falsy: see {@link
   * asThrown}.
   */
  error?: NonNullable<unknown> | undefined;
}

/** Runs a step that adds to `tally`. If it throws, `stop` ends the copy for all threads. */
export function attempt(tally: Tally, stop: () => void, step: () => void): Finished {
  try {
    step();
    return { tally };
  } catch (error) {
    stop();
    return { tally, error: asThrown(error) };
  }
}

/** Adds up the results of several parts of a copy. */
export function combine(parts: readonly Finished[]): Finished {
  const tally = emptyTally();
  let error: Finished['error'];
  for (const part of parts) {
    addTally(tally, part.tally);
    // Parts that were stopped report an abort; the part that failed reports the cause, which takes precedence.
    if (!error || isAbort(error)) error = part.error ?? error;
  }
  return { tally, error };
}

function isAbort(error: unknown): boolean {
  return error instanceof CopyError && error.code === 'ABORT_ERR';
}

/** Waits for the result of a function of the user. It may never come: if `signal` is aborted, returns undefined. */
export async function untilAborted<T>(
  answer: T | PromiseLike<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  let stop = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
