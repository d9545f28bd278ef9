import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CopyOptions, Workers } from 'fs-reflink';
import { wasPlaced } from './cache.ts';
import { loadEngine } from './engine.ts';
import type { OutputTargets } from './targets.ts';

/** Threads that are getting ready, or undefined where the copy will do without. Rejects as the copy will. */
export type Booting = Promise<Workers | undefined>;

export interface BootSettings {
  /** Absolute path of the output directory, if that is known. */
  directory: string | undefined;
  cacheDirectory: string;
  engine: CopyOptions;
}

/** Makes the engine ready for a copy, beside what the bundler does until then. */
export function boot(targets: OutputTargets, settings: BootSettings): Booting {
  const booting = bootFor(targets, settings);
  // The copy itself says what is wrong, if it still is by then.
  booting.catch(() => {});
  return booting;
}

async function bootFor(
  { publicTargets, targets }: OutputTargets,
  { directory, cacheDirectory, engine }: BootSettings,
): Booting {
  const { isSmallCopy, preload, startWorkers } = await loadEngine();
  // Most of it will be in place then, and to see that takes less than booting threads.
  if (!wasPlaced(cacheDirectory, directory)) {
    const isSmall = isSmallCopy([...publicTargets, ...targets], engine);
    if (!isSmall) return startWorkers(engine.concurrency);
  }
  // While the bundler's own threads read the first modules.
  await nextTurn();
  preload();
  return undefined;
}
