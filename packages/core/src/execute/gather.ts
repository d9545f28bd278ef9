import { CopyError } from '../errors.ts';
import { addTally, emptyTally } from '../report.ts';
import type { Finished } from './run.ts';

/** Adds up what several parts of a copy did. */
export async function gather(parts: readonly Promise<Finished>[]): Promise<Finished> {
  const tally = emptyTally();
  let error: Finished['error'];
  for (const part of await Promise.all(parts)) {
    addTally(tally, part.tally);
    // Parts that were told to end say so; the one that failed says why.
    if (error === undefined || isEnded(error)) error = part.error ?? error;
  }
  return { tally, error };
}

function isEnded(error: unknown): boolean {
  return error instanceof CopyError && error.code === 'ABORT_ERR';
}
