import { abortError, withPaths } from './errors.ts';
import { pathsOfCopy, toHooks } from './execute/execute.ts';
import { Queue } from './execute/queue.ts';
import { runPlanned } from './execute/run-planned.ts';
import type { CopyOptions, ResolvedCopyOptions } from './options.ts';
import { ChangedNames } from './plan/record.ts';
import { loadSystem } from './platform/load.ts';
import { type CopyReport, emptyTally, type Tally, toReport } from './report.ts';
import { resolveCopyOptions } from './resolve-options.ts';
import type { Target } from './target.ts';

/** Options of {@link copySync}. */
export type CopySyncOptions = Omit<CopyOptions, (typeof WITHOUT)[number]>;

/** Options that need modules which are loaded asynchronously, or other threads. */
const WITHOUT = [
  'manifest',
  'prune',
  'keep',
  'emptiedAt',
  'pruneRoots',
  'concurrency',
  'cloneDirectories',
  'onPlanned',
] as const;

/**
 * Like {@link copy}, but blocks until the copy ends: for config files and hooks that cannot wait. It has no worker
 * threads, no manifest, no deletion and no `transform`. It checks `signal` only before it starts.
 *
 * @example
 * ```ts
 * copySync({ from: 'public', to: 'dist' });
 * ```
 *
 * @throws {TypeError} for an unknown option, one of the wrong type, or one that only {@link copy} has
 * @throws {CopyError} for everything else, with both paths, a code and the cause
 */
export function copySync(targets: Target | readonly Target[], options: CopySyncOptions = {}): CopyReport {
  const started = performance.now();
  const only = WITHOUT.find((name) => (options as CopyOptions | null)?.[name] !== undefined);
  if (only) throw new TypeError(`fs-reflink: copySync has no option "${only}"; use copy, which has it`);
  const resolved = resolveCopyOptions(targets, options);
  if (resolved.plan.targets.some(({ transform }) => transform))
    throw new TypeError('fs-reflink: copySync has no target option "transform"; use copy, which has it');
  return toReport(runSync(resolved), performance.now() - started, resolved);
}

/** Runs a copy on the calling thread until it is done. */
export function runSync(options: ResolvedCopyOptions): Tally {
  const { job, plan, signal } = options;
  const paths = pathsOfCopy(plan);
  if (signal?.aborted) throw abortError(signal, paths);
  const queue = new Queue({ records: false, outcomes: false });
  const hooks = toHooks(options, queue);
  const context = { system: loadSystem(), hooks, tally: emptyTally(), changed: new ChangedNames() };
  const { tally, error } = runPlanned({ queue, job, plan, ...context });
  if (error) throw withPaths(error, paths);
  return tally;
}
