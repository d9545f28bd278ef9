import { CopyError } from 'fs-reflink/host';

/**
 * The outcome of a copy, for bundlers that print stacks: its error has none, because the message says all there is to
 * say, and where in this package that was found out helps nobody. What a function of the user's threw stays whole.
 */
export async function briefly<T>(outcome: Promise<T>): Promise<T> {
  try {
    return await outcome;
  } catch (error) {
    if (error instanceof CopyError) shorten(error);
    throw error;
  }
}

function shorten(error: CopyError): void {
  // Bundlers that find the message in it, too, say it twice.
  error.stack = '';
  const { cause } = error;
  // A failed system call, which the message tells of.
  if (cause instanceof Error && typeof (cause as NodeJS.ErrnoException).errno === 'number')
    delete error.cause;
}
