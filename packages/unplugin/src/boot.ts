import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CopyOptions, Workers } from 'fs-reflink';
import { startWorkers } from 'fs-reflink/host';
import { wasPlaced } from './cache.ts';
import { loadEngine } from './engine.ts';
import type { OutputTargets } from './targets.ts';

export interface BootSettings {
  /** Absolute path of the output directory, if that is known. */
  directory: string | undefined;
  cacheDirectory: string;
  engine: CopyOptions;
}

/** The engine while it is made ready for a copy. */
export interface Booting {
  /** Lets go of the threads. */
  end(): Promise<void>;
}

export interface BootingAsNeeded extends Booting {
  /** Whether there is work for threads, as soon as that is known. They boot from then on. */
  isLarge: Promise<boolean>;
}

/** A thread for whichever build of this process begins next. */
let ahead: Booting | undefined;

/**
 * Boots the thread that copies begin on, unless the user's functions have to be called; the engine boots others when
 * there is work for them. For a bundler that keeps its own thread busy: nothing more is loaded or looked at there.
 */
export function bootThread(): Booting {
  // Without it the copy runs on this thread.
  const workers = startWorkers(1).catch(() => undefined);
  // It is the same thread, and now held for this build.
  void endAhead();
  return { end: async () => (await workers)?.close() };
}

/** The same before it is known which build begins, or whether one does. */
export function bootAhead(): void {
  if (ahead) return;
  const booting = bootThread();
  ahead = booting;
}

/** No build begins for now. */
export async function endAhead(): Promise<void> {
  const booting = ahead;
  ahead = undefined;
  await booting?.end();
}

/** Makes the engine ready for a copy, beside what the bundler does until then, on this thread if that will do. */
export function boot(targets: OutputTargets, settings: BootSettings): BootingAsNeeded {
  // The copy itself says what is wrong, if it still is by then.
  const isLarge = isWorkForThreads(targets, settings).catch(() => false);
  const workers = isLarge.then((large) => start(large, settings)).catch(() => undefined);
  return { isLarge, end: async () => (await workers)?.close() };
}

/** The threads of one build, or of all builds of a watcher: booted once, and held until they are let go of. */
export class Threads {
  #booting: Booting | undefined;
  #isLarge: Promise<boolean> = Promise.resolve(false);

  /** Resolves with whether there is work for threads. */
  prepare(targets: OutputTargets, settings: BootSettings): Promise<boolean> {
    if (!this.#booting) {
      const booting = boot(targets, settings);
      this.#booting = booting;
      this.#isLarge = booting.isLarge;
    }
    return this.#isLarge;
  }

  /** {@link prepare} for a bundler that keeps its thread busy. */
  prepareThread(): void {
    this.#booting ??= bootThread();
  }

  async end(): Promise<void> {
    const booting = this.#booting;
    this.#booting = undefined;
    await booting?.end();
  }
}

async function isWorkForThreads(
  { publicTargets, targets }: OutputTargets,
  { directory, cacheDirectory, engine }: BootSettings,
): Promise<boolean> {
  const { isSmallCopy } = await loadEngine();
  // Most of it will be in place then, and to see that takes less than booting threads.
  if (wasPlaced(cacheDirectory, directory)) return false;
  // Somewhere that nothing is copied from, where the output is not known yet.
  const cwd = directory ?? cacheDirectory;
  return !isSmallCopy([...publicTargets, ...targets], { ...engine, cwd });
}

async function start(isLarge: boolean, { engine }: BootSettings): Promise<Workers | undefined> {
  const { preload, startWorkers } = await loadEngine();
  if (isLarge) return startWorkers(engine.concurrency);
  // While the bundler's own threads read the first modules.
  await nextTurn();
  preload();
  return undefined;
}
