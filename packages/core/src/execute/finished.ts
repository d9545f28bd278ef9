import { asThrown, CopyError } from '../errors.ts';
import { addTally, emptyTally, type Tally } from '../report.ts';

/** What a thread, or all of them, did. */
export interface Finished {
  tally: Tally;
  /** What ended the copy: a CopyError, or what a user's function threw. Never falsy: see {@link asThrown}. */
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

/** Adds up what several parts of a copy did. */
export function combine(parts: readonly Finished[]): Finished {
  const tally = emptyTally();
  let error: Finished['error'];
  for (const part of parts) {
    addTally(tally, part.tally);
    // Parts that were stopped say so; the one that failed says why.
    if (!error || isAbort(error)) error = part.error ?? error;
  }
  return { tally, error };
}

function isAbort(error: unknown): boolean {
  return error instanceof CopyError && error.code === 'ABORT_ERR';
}
