import { CopyError } from 'fs-reflink/host';

/**
 * Removes the stack from the error of a copy, for bundlers that print stacks: the message says everything, and a
 * position in this package does not help. Does the same with the error about a value that a user's function returned.
 * Errors that the user's functions throw stay unchanged.
 */
export function brief<Thrown>(error: Thrown): Thrown {
  if (error instanceof CopyError) shorten(error);
  else if (error instanceof TypeError && error.message.startsWith('fs-reflink: ')) error.stack = '';
  return error;
}

/** Calls a function, whose error becomes {@link brief}. */
export function briefly<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw brief(error);
  }
}

function shorten(error: CopyError): void {
  // The stack contains the message, so bundlers would print the message twice.
  error.stack = '';
  const { cause } = error;
  // The cause is a failed system call, which the message describes already.
  if (cause instanceof Error && typeof (cause as NodeJS.ErrnoException).errno === 'number')
    delete error.cause;
}
