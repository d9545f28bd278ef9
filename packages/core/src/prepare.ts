import { hasManyFiles } from './has-many-files.ts';
import type { CopyOptions } from './options.ts';
import { toPath } from './path-or-url.ts';
import type { CopyReport } from './report.ts';
import { check, prepareSchema } from './schema.ts';
import { callsFunctions, type Target } from './target.ts';

/** What is known about future copies; see {@link prepareCopies}. */
export interface PrepareOptions extends Pick<CopyOptions, 'cwd'> {
  /**
   * What will be copied, as far as it is known. If there are no targets, and {@link PrepareOptions.workers} is not
   * set, nothing is prepared.
   *
   * @default []
   */
  targets?: readonly Target[];
  /**
   * Whether other work, such as a bundler, keeps the calling thread busy until the copies start, and while they run.
   * Then one worker thread plans and copies if there are many files, and nothing is loaded on the calling thread
   * before a copy starts.
   *
   * @default false
   */
  busy?: boolean;
  /**
   * How many worker threads to boot, 0 to 8, for a program that knows how much it copies.
   *
   * @default one if the calling thread is busy and the targets have many files and directories, which are counted
   * only as far as needed; otherwise none
   */
  workers?: number;
}

/** What {@link prepareCopies} returns. */
export interface PreparedCopies {
  /** How many worker threads are booting or ready for these copies: 0 if the calling thread copies. */
  readonly workers: number;
  /**
   * Resolves when the worker threads have booted, or when the modules that the calling thread needs are loaded.
   * Copies may start earlier. Never rejects: if no threads can be started, the calling thread copies, and a copy
   * reports any other error.
   */
  readonly ready: Promise<void>;
  /** Starts a copy: `copy` of fs-reflink, with the same report and the same errors. */
  start(targets: Target | readonly Target[], options?: CopyOptions): Promise<CopyReport>;
  /** Reports what such a copy would do: `plan` of fs-reflink, with the same report and the same errors. */
  plan(targets: Target | readonly Target[], options?: CopyOptions): Promise<CopyReport>;
  /**
   * Releases the worker threads. They end when nothing else holds them and no copy runs. Resolves when they have
   * ended. May be called several times. A copy that starts later boots its own threads.
   */
  dispose(): Promise<void>;
}

/**
 * Prepares copies, for a host that knows of them before it is time to start: lists the sources, then boots worker
 * threads if they are worth it, or loads what the calling thread needs. Worker threads stay ready between copies, for
 * every copy of the process, until {@link PreparedCopies.dispose}. They do not keep the process alive.
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

/**
 * How many workers to boot by default. An idle calling thread copies by itself: the engine boots workers later if
 * they are worth it.
 */
function workersFor({ targets = [], cwd, busy = false }: PrepareOptions): number {
  // If a target has functions, the calling thread has to plan, and so it copies too.
  return busy && !targets.some(callsFunctions) && hasManyFiles(targets, toPath(cwd ?? process.cwd())) ? 1 : 0;
}

/**
 * One promise for all callers, so that they hold and release the pool in the order of their calls. A caller that
 * prepares copies and then disposes of earlier ones keeps their threads.
 */
let loadingPool: Promise<typeof import('./execute/pool.ts')> | undefined;

/** Returns undefined if no thread can be started. */
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
    // The copy has the same error, and reports it.
  }
}
