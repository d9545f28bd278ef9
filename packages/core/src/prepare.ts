import { callsFunctions } from './calls-functions.ts';
import { hasManyFiles } from './has-many-files.ts';
import type { CopyOptions } from './options.ts';
import { toPath } from './path-or-url.ts';
import type { CopyReport } from './report.ts';
import { check, prepareSchema } from './schema.ts';
import type { Target } from './target.ts';

/** What is known of copies that are to come; see {@link prepareCopies}. */
export interface PrepareOptions extends Pick<CopyOptions, 'cwd'> {
  /**
   * What will be copied, as far as that is known. Without any, and without {@link PrepareOptions.workers}, nothing is
   * prepared.
   *
   * @default []
   */
  targets?: readonly Target[];
  /**
   * Other work keeps the calling thread busy until the copies begin, and while they run: a bundler that runs on it.
   * Then one worker thread plans and copies if there are many files, and nothing is loaded on the calling thread before
   * a copy starts.
   *
   * @default false
   */
  busy?: boolean;
  /**
   * How many worker threads to boot, 0 to 8, for a program that knows how much it copies.
   *
   * @default one where the calling thread is busy and the targets have many files and directories, which are looked at no
   * further than to know that; none otherwise
   */
  workers?: number;
}

/** What {@link prepareCopies} answers. */
export interface PreparedCopies {
  /** Worker threads that boot, or stand ready, for these copies: 0 where the calling thread copies. */
  readonly workers: number;
  /**
   * Resolves when the worker threads have booted, or what the calling thread needs is loaded; copies may start before.
   * Never rejects: without threads the calling thread copies, and a copy reports what else is wrong.
   */
  readonly ready: Promise<void>;
  /** Starts a copy: `copy` of fs-reflink, with the same report and the same errors. */
  start(targets: Target | readonly Target[], options?: CopyOptions): Promise<CopyReport>;
  /** Says what such a copy would do: `plan` of fs-reflink, with the same report and the same errors. */
  plan(targets: Target | readonly Target[], options?: CopyOptions): Promise<CopyReport>;
  /**
   * Lets go of the worker threads; they end when nobody else holds them and no copy runs. Resolves when they have ended.
   * Idempotent. A copy that starts later boots its own.
   */
  dispose(): Promise<void>;
}

/**
 * Prepares copies, for a host that knows of them before it is time to start: looks at the sources, boots worker threads
 * if they pay, or loads what the calling thread needs. Worker threads stay ready between copies until
 * {@link PreparedCopies.dispose}, for every copy of the process, and do not keep the process alive.
 *
 * @example
 * ```ts
 * const copies = prepareCopies({ targets, busy: true });
 * // … the host's own work
 * const report = await copies.start(targets, { cwd });
 * await copies.dispose();
 * ```
 *
 * @throws {TypeError} for an unknown option, or one of the wrong type
 */
export function prepareCopies(options: PrepareOptions = {}): PreparedCopies {
  check('option', options, prepareSchema);
  const workers = options.workers ?? workersFor(options);
  const holding = workers > 0 ? holdWorkers(workers) : undefined;
  return {
    workers,
    ready: holding?.then((held) => held?.ready) ?? loadFor(options),
    async start(targets, copyOptions) {
      const { copy } = await import('./copy.ts');
      return copy(targets, copyOptions);
    },
    async plan(targets, copyOptions) {
      const { plan } = await import('./copy.ts');
      return plan(targets, copyOptions);
    },
    dispose: async () => (await holding)?.release(),
  };
}

/** A calling thread that is idle copies by itself: the engine boots workers where they pay. */
function workersFor({ targets = [], cwd, busy = false }: PrepareOptions): number {
  // The calling thread has to plan where it calls functions: it copies too, then.
  return busy && !targets.some(callsFunctions) && hasManyFiles(targets, toPath(cwd ?? process.cwd())) ? 1 : 0;
}

/**
 * One promise for all, so that holds begin and end in the order they are asked for: who prepares copies and then disposes
 * of others keeps the threads that these held.
 */
let loadingPool: Promise<typeof import('./execute/pool.ts')> | undefined;

/** Undefined: no thread can be started. */
async function holdWorkers(count: number) {
  try {
    const { pool } = await (loadingPool ??= import('./execute/pool.ts'));
    const release = pool.hold(count);
    return { release, ready: pool.ready() };
  } catch {
    return undefined;
  }
}

async function loadFor({ targets = [], busy, workers }: PrepareOptions): Promise<void> {
  if (busy || targets.length === 0 || workers !== undefined) return;
  try {
    const [{ loadSystem }] = await Promise.all([
      import('./platform/load.ts'),
      import('./copy.ts'),
      import('./execute/coordinator.ts'),
    ]);
    loadSystem();
  } catch {
    // The copy meets the same, and reports it.
  }
}
