import { type Attempt, CopyError, errorCode, systemError } from '../errors.ts';
import type { Method } from '../model/settings.ts';
import { EEXIST, EFBIG } from '../platform/errno.ts';
import { type LadderQuery, PAUSED, type Strategy, type System, type Transfer } from '../platform/system.ts';
import type { PairState } from './capabilities.ts';
import type { BothPaths } from './pair.ts';

/**
 * How often a strategy is repeated after an error of the class `retry` (ZFS with dirty blocks), and the pause in
 * between.
 */
const RETRIES = 3;
const RETRY_PAUSE_MS = 10;

export interface Copied {
  method: Method;
  bytes: number;
  /** The strategy created the destination itself and chose its attributes. */
  created: boolean;
  /** The destination has the source's mode and times. */
  hasAttributes: boolean;
  /** The strategy cloned: the copy is a consistent snapshot of the source. */
  cloned: boolean;
}

/** A {@link Transfer} whose destination is opened when the first strategy needs it. */
export interface OpenTransfer extends Transfer {
  destination: number;
  destinationName: string;
  /** Creates the destination, for the strategies that do not create it themselves. */
  readonly open: () => number;
  /** Deletes the destination if it was opened, for a strategy that creates it itself. */
  discard(): void;
  /**
   * Changes to a temporary name, because another process has created a file with the final one meanwhile. Returns
   * false if the name is temporary already.
   */
  hide(): boolean;
}

/**
 * Copies a file's bytes by the first strategy that can. Yields if a strategy pauses. Throws a {@link CopyError} if
 * none can, or if an error is `fatal`.
 */
export function* climb(
  system: System,
  transfer: OpenTransfer,
  query: LadderQuery,
  pair: PairState,
  paths: () => BothPaths,
): Generator<void, Copied> {
  let ladder = system.ladder(query);
  let attempts: Attempt[] | undefined;
  for (let rung = 0; rung < ladder.length; rung++) {
    const strategy = ladder[rung]!;
    // JavaScript has no exact numbers for such positions: the copy would lack the last bytes.
    if (query.size > Number.MAX_SAFE_INTEGER && !strategy.clones)
      throw systemError(EFBIG, { ...paths(), method: strategy.method, attempts });
    if (strategy.creates) transfer.discard();
    else if (transfer.destination < 0) transfer.destination = transfer.open();
    let result = yield* runWithRetries(system, strategy, transfer);
    if (result === -EEXIST && strategy.creates && transfer.hide()) {
      result = yield* runWithRetries(system, strategy, transfer);
    }
    if (result >= 0) {
      pair.succeeded(strategy);
      return {
        method: strategy.method,
        bytes: result,
        created: strategy.creates ?? false,
        hasAttributes: strategy.setsAttributes ?? false,
        cloned: strategy.clones ?? false,
      };
    }
    const kind = strategy.classify(-result);
    if (kind === 'fatal' || rung === ladder.length - 1) {
      const { method, syscall } = strategy;
      const error = systemError(-result, { ...paths(), method, syscall, attempts });
      if (kind === 'fatal' || query.reflink !== 'always') throw error;
      const reason = `${error.reason}; it cannot be cloned: to have it copied, set "reflink" (--reflink) to 'auto'`;
      throw new CopyError({ ...error.details, reason });
    }
    pair.failed(strategy, kind, () => system.isLayered(transfer.sourceDirectory));
    (attempts ??= []).push({ method: strategy.method, code: errorCode(-result) });
    startClean(system, transfer, paths);
    if (strategy.clones && kind === 'pair') {
      // Start again: if cloning is impossible, the strategies have another order.
      ladder = system.ladder({ ...query, cannotClone: true });
      rung = -1;
    }
  }
  throw new CopyError({ code: 'ENOTSUP', reason: 'there is no way to copy this file', ...paths() });
}

function* runWithRetries(
  system: System,
  strategy: Strategy,
  transfer: OpenTransfer,
): Generator<void, number> {
  let result = yield* run(strategy, transfer);
  for (let retry = 0; retry < RETRIES && result < 0 && strategy.classify(-result) === 'retry'; retry++) {
    pause(RETRY_PAUSE_MS);
    if (transfer.destination >= 0) system.reset(transfer.source, transfer.destination);
    result = yield* run(strategy, transfer);
  }
  return result;
}

function* run(strategy: Strategy, transfer: OpenTransfer): Generator<void, number> {
  transfer.moved = 0;
  let result = strategy.run(transfer);
  while (result === PAUSED) {
    yield;
    result = strategy.run(transfer);
  }
  return result;
}

/** Runs a generator to its end without a pause. Returns its result. */
export function complete<T>(steps: Generator<void, T>): T {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** Empties the destination: bytes of a failed strategy must not be mixed with those of the next one. */
function startClean(system: System, transfer: Transfer, paths: () => BothPaths): void {
  if (transfer.destination < 0) return;
  const result = system.reset(transfer.source, transfer.destination);
  if (result < 0) throw systemError(-result, { ...paths(), syscall: 'ftruncate' });
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
