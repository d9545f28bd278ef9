import fs from 'node:fs';
import path from 'node:path';
import { run } from '../../copy.ts';
import { CopyError } from '../../errors.ts';
import type { Method } from '../../model/settings.ts';
import type { CopyOptions } from '../../options.ts';
import type { System } from '../../platform/system.ts';
import { prepareCopies } from '../../prepare.ts';
import type { CopyReport } from '../../report.ts';
import { defaultConcurrency, resolveCopyOptions } from '../../resolve-options.ts';
import { strategiesOf } from '../../transfer/single-method.ts';

/** `auto` is a copy without options, which may use several methods. */
export type Contender = Method | 'auto';

/** Times of one method over all rounds, in milliseconds. */
interface Spread {
  median: number;
  min: number;
  max: number;
}

export interface Measured extends Spread {
  method: Contender;
  /** Files each method copied, as the report of a copy counts them. */
  methods: CopyReport['methods'];
  /** Milliseconds of each round. */
  times: number[];
}

export interface Refused {
  method: Method;
  /** The code of the error. */
  code: string;
}

export interface Work {
  system: System;
  from: string;
  /** An empty directory for the copies. */
  scratch: string;
  rounds: number;
  fsync: boolean;
  signal: AbortSignal;
  /** Called before each run. */
  onRun: (round: number, method: Contender) => void;
}

/**
 * Measures every method. A first round, which is not counted, finds out which of them work here, and brings the
 * source into the cache. After that the methods take turns, in another order each round.
 */
export async function measure(work: Work): Promise<{ measured: Measured[]; refused: Refused[] }> {
  const strategies = strategiesOf(work.system);
  const copies = prepareCopies({ workers: defaultConcurrency() });
  await copies.ready;
  try {
    const refused: Refused[] = [];
    const running = new Map<Contender, { times: number[]; methods: CopyReport['methods'] }>();
    for (const method of ['auto', ...strategies.keys()] as Contender[]) {
      work.onRun(0, method);
      try {
        const { methods } = await once(work, method);
        running.set(method, { times: [], methods });
      } catch (error) {
        if (method === 'auto' || !isRefusal(error, strategies.get(method)!)) throw error;
        refused.push({ method, code: error.code });
      }
    }
    const order = [...running.keys()];
    for (let round = 1; round <= work.rounds; round++) {
      for (const method of rotated(order, round)) {
        work.onRun(round, method);
        running.get(method)!.times.push((await once(work, method)).durationMs);
      }
    }
    const measured = order.map((method) => ({
      method,
      ...spreadOf(running.get(method)!.times),
      ...running.get(method)!,
    }));
    return { measured, refused };
  } finally {
    await copies.dispose();
  }
}

async function once({ from, scratch, fsync, signal }: Work, method: Contender): Promise<CopyReport> {
  const to = path.join(scratch, 'copy');
  const options: CopyOptions = { cwd: scratch, signal, ...(fsync && { durability: 'file' }) };
  try {
    const resolved = resolveCopyOptions({ from, to }, options);
    if (method !== 'auto') resolved.job.onlyMethod = method;
    return await run(resolved);
  } finally {
    fs.rmSync(to, { recursive: true, force: true });
  }
}

/**
 * Whether an error means that the method does not work here. A full disk, for example, is a failure of the
 * measurement.
 */
function isRefusal(error: unknown, strategy: ReturnType<System['ladder']>[number]): error is CopyError {
  if (!(error instanceof CopyError) || error.errno === undefined) return false;
  return error.method === strategy.method && strategy.classify(error.errno) !== 'fatal';
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

function spreadOf(times: readonly number[]): Spread {
  const sorted = [...times].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}
