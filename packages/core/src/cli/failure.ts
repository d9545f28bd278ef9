import { CopyError } from '../errors.ts';

/** The exit status of the command, for scripts. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** The user's command line is wrong; `hint` says how to correct it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** One line with both paths and the code; `verbose` adds the methods tried before and the cause. */
export function describeError(error: unknown, verbose: boolean): string {
  if (!(error instanceof CopyError)) {
    if (!(error instanceof Error)) return String(error);
    return (verbose ? error.stack : undefined) ?? error.message.replace(/^fs-reflink: /, '');
  }
  const lines = [new CopyError({ ...error.details, attempts: [] }).message];
  if (verbose) {
    for (const { method, code } of error.attempts) lines.push(`  tried before: ${method} (${code})`);
    if (error.cause !== undefined) lines.push(`  caused by: ${causeOf(error.cause)}`);
  }
  return lines.join('\n');
}

/** The plain form of an error, for JSON. */
export function errorToJson(error: unknown): Record<string, unknown> {
  if (error instanceof CopyError) {
    const { message, details, source, destination } = error;
    const cause = details.cause === undefined ? undefined : causeOf(details.cause);
    return { message, ...details, source, destination, cause };
  }
  const message = error instanceof Error ? error.message : String(error);
  const isUsage = error instanceof UsageError || error instanceof TypeError;
  return { message, code: isUsage ? 'ERR_USAGE' : 'ERR_INTERNAL' };
}

function causeOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
