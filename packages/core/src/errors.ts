import os from 'node:os';
import type { Method } from './model/settings.ts';
import { nodeUtil } from './node-util.ts';
import { windowsErrorBehind } from './platform/detail.ts';
import { EACCES, isDenied } from './platform/errno.ts';
import { shown, shownInMessage } from './platform/raw-names.ts';

/** A method that was tried before another one, and the code of its error. */
export interface Attempt {
  method: Method;
  code: string;
}

/** The plain form of a {@link CopyError}, which a worker thread can send. */
export interface CopyErrorDetails {
  code: string;
  /** What went wrong, in words. */
  reason: string;
  source?: string | undefined;
  destination?: string | undefined;
  /** The method that failed, if bytes were already being copied. */
  method?: Method | undefined;
  /** The system call that failed. */
  syscall?: string | undefined;
  /** The system's error number, positive. */
  errno?: number | undefined;
  /** Methods that were tried before, with the codes of their errors. */
  attempts?: Attempt[] | undefined;
  cause?: unknown;
  /** Properties of `cause` and of its own causes, because an error that is sent to another thread loses them. */
  causeProperties?: Properties[] | undefined;
}

type Properties = Record<string, unknown>;

/**
 * The error that a copy ends with. It names both paths, a stable `code`, the method and the cause. If the system
 * refused something, the code is the system's (`ENOSPC`, `EACCES`, `EISDIR` …). If the engine refused something, it
 * is one of these:
 *
 * - `ERR_SAME_FILE`: source and destination are one file (same path, hard link, symlink or case alias), or the source
 *   is a link that would be kept and leads to the destination
 * - `ERR_NESTED`: the source lies inside the destination, or the destination inside the source
 * - `ERR_COLLISION`: two files of one target go to one destination, by `rename`, by `flatten`, or because the
 *   filesystem there takes their names for one; the message names both
 * - `ERR_OUTSIDE_DESTINATION`: a path would leave the directory it belongs to
 * - `ERR_OUTSIDE_BASE`: a target's `base` does not contain what it names
 * - `ERR_TRANSFORM`: a target's `transform` failed; `cause` is what it threw
 * - `ERR_THROWN`: a function of an option threw `undefined`, or another value that is falsy; `cause` is that value
 * - `ERR_NOT_REGULAR`: the source is a FIFO, a socket or a device, and `preserve` has no `devices`; or the
 *   destination is one, or a link that leads to one: a copy never replaces it
 * - `ERR_MANIFEST`: the option `manifest` names a file that is no manifest, or the destination of a file
 * - `ERR_SOURCE_CHANGED`: the source changed while it was copied, twice
 * - `ERR_NO_MATCH`: a target's `from` matches nothing
 * - `ERR_WORKER`: a worker thread ended unexpectedly
 * - `ABORT_ERR`: `signal` was aborted; `cause` is the signal's reason
 */
export class CopyError extends Error {
  override readonly name: string = 'CopyError';
  readonly code: string;
  readonly reason: string;
  readonly source: string | undefined;
  readonly destination: string | undefined;
  readonly method: Method | undefined;
  readonly syscall: string | undefined;
  readonly errno: number | undefined;
  readonly attempts: readonly Attempt[];
  /** The paths as they are on the disk: `source` and `destination` are for messages. */
  readonly #paths: Pick<CopyErrorDetails, 'source' | 'destination'>;

  constructor(details: CopyErrorDetails) {
    super(
      shownInMessage(describe(details)),
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = details.code;
    this.reason = shownInMessage(details.reason);
    this.source = details.source && shown(details.source);
    this.destination = details.destination && shown(details.destination);
    this.method = details.method;
    this.syscall = details.syscall;
    this.errno = details.errno;
    this.attempts = details.attempts ?? [];
    this.#paths = { source: details.source, destination: details.destination };
    if (details.causeProperties) giveBack(details.cause, details.causeProperties);
  }

  /** The plain form, which can be sent to another thread. */
  get details(): CopyErrorDetails {
    const { code, reason, method, syscall, errno, attempts, cause } = this;
    const causeProperties = propertiesOf(cause);
    return {
      ...this.#paths,
      ...{ code, reason, method, syscall, errno, cause, causeProperties },
      attempts: [...attempts],
    };
  }
}

/** Codes of errors that every other file would have too, or that are not about one file. */
const ENDING = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'ABORT_ERR', 'ERR_WORKER', 'ERR_THROWN']);

/** Whether the copy may go on with other files after this error. */
export function isOfOneFile(error: unknown): error is CopyError {
  return error instanceof CopyError && !ENDING.has(error.code);
}

/** An error and its chain of causes, as far as these are errors. Stops at a cycle. */
function causesFrom(cause: unknown): Error[] {
  const causes = new Set<Error>();
  for (let each = cause; each instanceof Error && !causes.has(each); each = each.cause) causes.add(each);
  return [...causes];
}

/**
 * The properties of an error and its causes that are strings or numbers, such as `code` and `syscall`. Returns
 * undefined if `cause` is no error.
 */
function propertiesOf(cause: unknown): Properties[] | undefined {
  const causes = causesFrom(cause);
  if (causes.length === 0) return undefined;
  return causes.map((each) =>
    Object.fromEntries(
      Object.entries(each).filter(([, value]) => typeof value === 'string' || typeof value === 'number'),
    ),
  );
}

function giveBack(cause: unknown, properties: readonly Properties[]): void {
  for (const [position, each] of causesFrom(cause).entries())
    for (const [name, value] of Object.entries(properties[position] ?? {}))
      if (!Object.hasOwn(each, name)) Object.assign(each, { [name]: value });
}

/** The verb for an error that has only a destination, by its system call. For all other calls it is "write". */
const VERBS: Record<string, string> = { unlink: 'delete', rmdir: 'delete', scandir: 'read' };

function describe({
  code,
  reason,
  source,
  destination,
  method,
  syscall,
  attempts,
}: CopyErrorDetails): string {
  const subject =
    source === undefined && destination === undefined
      ? 'Cannot copy'
      : source === undefined
        ? `Cannot ${VERBS[syscall ?? ''] ?? 'write'} ${JSON.stringify(destination)}`
        : destination === undefined
          ? `Cannot copy ${JSON.stringify(source)}`
          : `Cannot copy ${JSON.stringify(source)} to ${JSON.stringify(destination)}`;
  const where = [method, syscall === method ? undefined : syscall].filter(Boolean).join(', ');
  const before = attempts?.length
    ? `; tried before: ${attempts.map((attempt) => `${attempt.method} (${attempt.code})`).join(', ')}`
    : '';
  return `${subject}: ${code}: ${reason}${where ? ` (${where})` : ''}${before}`;
}

/** libuv's name and description of a positive error number. */
const fromLibuv = (errno: number) => nodeUtil().getSystemErrorMap().get(-errno);

/** Error numbers of Linux that Node.js does not name, as far as filesystems report them. */
export const LINUX_ERRORS = {
  EBADE: 52,
  EUCLEAN: 117,
  ENOMEDIUM: 123,
  EMEDIUMTYPE: 124,
  ENOKEY: 126,
  EKEYEXPIRED: 127,
  EKEYREVOKED: 128,
  EKEYREJECTED: 129,
  EHWPOISON: 133,
} as const;

/** Names of error numbers libuv has no name for (EDQUOT, ESTALE …). */
const otherNames = new Map(
  Object.entries({ ...(process.platform === 'linux' && LINUX_ERRORS), ...os.constants.errno }).map(
    ([name, number]) => [number, name],
  ),
);

/** Descriptions for codes for which libuv has none, or one that does not fit files. */
const ownReasons: Record<string, string> = {
  ENOTSUP: 'operation not supported',
  EOPNOTSUPP: 'operation not supported',
  EDQUOT: 'disk quota exceeded',
  ESTALE: 'stale file handle',
  EBADE: 'invalid exchange',
  EBADMSG: 'the filesystem found a wrong checksum',
  EUCLEAN: 'the filesystem is damaged; unmount it, and repair it with fsck',
  ENOMEDIUM: 'no medium found',
  EMEDIUMTYPE: 'wrong medium type',
  ENOKEY: 'the file is encrypted, and its key is not available',
  EKEYEXPIRED: 'the key has expired',
  EKEYREVOKED: 'the key was revoked',
  EKEYREJECTED: 'the key was rejected',
  EHWPOISON: 'the memory has a hardware error',
};

/** The name of a positive error number, as Node.js spells it. */
export function errorCode(errno: number): string {
  return fromLibuv(errno)?.[0] ?? otherNames.get(errno) ?? `errno ${errno}`;
}

/** A description of a positive error number: libuv's, unless it does not fit files. */
export function errorReason(errno: number): string {
  const code = errorCode(errno);
  return ownReasons[code] ?? fromLibuv(errno)?.[1] ?? 'the system refused';
}

/** A {@link CopyError} for a failed system call. `errno` is positive. */
export function systemError(errno: number, details: Omit<CopyErrorDetails, 'code' | 'reason'>): CopyError {
  const behind = details.cause === undefined && details.syscall ? windowsErrorBehind(errno) : undefined;
  const reason = behind ? `${errorReason(errno)} (${behind})` : errorReason(errno);
  return new CopyError({ code: errorCode(errno), reason, errno, ...details });
}

/** Adds the copy's paths to an error about the whole copy. An error that already has a path stays unchanged. */
export function withPaths(thrown: unknown, paths: Pick<CopyErrorDetails, 'source' | 'destination'>): unknown {
  if (!(thrown instanceof CopyError) || (thrown.source ?? thrown.destination) !== undefined) return thrown;
  return new CopyError({ ...thrown.details, ...paths });
}

/** The error that a copy rejects with when its signal is aborted. */
export function abortError(
  signal: AbortSignal,
  paths: Pick<CopyErrorDetails, 'source' | 'destination'>,
): CopyError {
  return new CopyError({ code: 'ABORT_ERR', reason: 'the copy was aborted', ...paths, cause: signal.reason });
}

/**
 * Converts a thrown falsy value, such as `undefined`, to a {@link CopyError}. Callers, including bundlers, treat a
 * falsy error as no error.
 */
export function asThrown(thrown: unknown): NonNullable<unknown> {
  if (thrown) return thrown;
  const reason = `a function threw ${nodeUtil().inspect(thrown)} instead of an error`;
  return new CopyError({ code: 'ERR_THROWN', reason, cause: thrown });
}

/** An error of Node.js' permission model. An error of Deno's permissions has neither property. */
interface Denial extends Error {
  permission?: string;
  resource?: string;
}

function reasonOfDenial({ message, permission, resource }: Denial): string {
  if (!resource || !permission?.startsWith('FileSystem')) return message;
  const verb = permission === 'FileSystemRead' ? 'read' : 'write';
  return `Node.js' permission model does not let this process ${verb} ${JSON.stringify(resource)}; allow it with --allow-fs-${verb}`;
}

/** Converts what a `node:fs` call threw to a {@link CopyError} with these paths. */
export function asCopyError(thrown: unknown, paths: { source?: string; destination?: string }): CopyError {
  const error = asThrown(thrown);
  if (error instanceof CopyError) return error;
  const { code, errno, syscall, message } = error as NodeJS.ErrnoException;
  if (isDenied(error))
    return new CopyError({
      code: 'EACCES',
      reason: reasonOfDenial(error as Denial),
      ...paths,
      errno: EACCES,
      cause: error,
    });
  if (typeof errno === 'number' && code !== undefined) {
    return systemError(Math.abs(errno), { ...paths, syscall, cause: error });
  }
  return new CopyError({
    code: code ?? 'ERR_COPY',
    reason: message ?? String(error),
    ...paths,
    cause: error,
  });
}
