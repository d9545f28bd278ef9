import fs from 'node:fs';
import path from 'node:path';
import { checkOptions } from './check-options.ts';
import type { CopyOptions } from './options.ts';
import { splitFrom, toPath } from './path-or-url.ts';
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
  checkOptions(options.targets ?? []);
  const workers = options.workers ?? workersFor(options);
  const holding = workers > 0 ? holdWorkers(workers) : undefined;
  return {
    workers,
    ready: holding?.then((held) => held?.ready) ?? loadFor(options),
    start: async (targets, copyOptions) => (await import('./copy.ts')).copy(targets, copyOptions),
    plan: async (targets, copyOptions) => (await import('./copy.ts')).plan(targets, copyOptions),
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

/** One thread copies this many small files in a few milliseconds. Booting a worker takes 40 ms of processor time. */
const FEW_FILES = 64;

interface Pending {
  name: string;
  /** How many levels of directories to list, including this one. */
  levels: number;
}

/**
 * Whether the targets name so many files and directories that a worker thread is worth it. Stops as soon as this is
 * known. For a glob, counts everything whose depth could match.
 */
function hasManyFiles(targets: readonly Pick<Target, 'from'>[], cwd = process.cwd()): boolean {
  let found = 0;
  const sources = targets.flatMap(({ from }) => splitFrom(from).sources);
  const pending = sources.map((from) => placeOf(path.resolve(cwd, from)));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { name, levels } = next;
    for (const entry of entriesOf(name)) {
      // A link may lead to a directory.
      if (levels > 1 && (entry.isDirectory() || entry.isSymbolicLink()))
        pending.push({ name: path.join(name, entry.name), levels: levels - 1 });
      else found++;
    }
    // Count directories too: links may form a cycle.
    if (++found + pending.length > FEW_FILES) return true;
  }
  return false;
}

/** Returns nothing for a file, or if the directory cannot be listed: the copy reports the error. */
function entriesOf(name: string): fs.Dirent[] {
  try {
    return fs.readdirSync(name, { withFileTypes: true });
  } catch {
    return [];
  }
}

function placeOf(from: string): Pending {
  const name = fixedPart(from);
  const pattern = from.slice(name.length).split(path.sep).filter(Boolean);
  const isWhole = name === from || pattern.some((each) => each.includes('**'));
  return { name, levels: isWhole ? Number.POSITIVE_INFINITY : pattern.length };
}

/**
 * The part of an absolute path or glob before the first pattern. A name that exists is no pattern, whatever characters
 * it has.
 */
export function fixedPart(from: string): string {
  if (fs.existsSync(from)) return from;
  let current = path.parse(from).root;
  for (const name of from.slice(current.length).split(path.sep)) {
    const next = path.join(current, name);
    if (/[*?{}()[\]!+@\\]/.test(name) && !fs.existsSync(next)) return current;
    current = next;
  }
  return current;
}
