import { setImmediate as nextTurn } from 'node:timers/promises';
import { asThrown } from '../errors.ts';
import type { Found } from '../plan/look.ts';
import { loadSystem } from '../platform/load.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import { type Along, planAlong } from './along.ts';
import { gather } from './gather.ts';
import type { Finished } from './run.ts';
import { type Crew, engage, guarding } from './threads.ts';
import { type Permission, Worker } from './work.ts';

/** How long copying may hold the main thread before everything else gets a turn. */
const SLICE_MS = 5;

/** A copy that is over by then does without worker threads: booting them takes longer, and the processor too. */
const ALONE_MS = 20;

/** Placing this many small files takes less than that. */
const FEW_FILES = 64;

/** Copying this many bytes takes a part of a slice only, also where every byte has to be moved. */
const SMALL_FILE = 256 * 1024;

/** Linux writes what a file has in memory to the disk before it clones it, and by itself after half a minute. */
const WRITTEN_AFTER_MS = 35_000;

/**
 * A copy when no worker thread stands ready: this thread plans and copies, with pauses, starts workers when there
 * is much to do, and leaves the copy to them once they are ready.
 */
export async function runCold(along: Along, found: Found): Promise<Finished> {
  return guarding(along, async (guarded) => {
    let crew: Crew | undefined;
    const help = assist(guarded, () => (crew ??= engage(guarded)).ready);
    const finished = await planAlong(guarded, found, async () => {
      const { alone, ...own } = await help;
      return alone ? own : gather([Promise.resolve(own), ...(crew?.parts ?? [])]);
    });
    // Threads that were started in vain may take their time to end.
    if ((await help).alone) void crew?.release();
    else await crew?.release();
    return finished;
  });
}

/** Copies until the workers that `start` starts are ready. `alone`: it was over without them. */
async function assist(
  { queue, job, hooks }: Along,
  start: () => Promise<void>,
): Promise<Finished & { alone: boolean }> {
  const began = performance.now();
  let isStarted = false;
  let isReady = false;
  const startOnce = () => {
    if (isStarted) return;
    isStarted = true;
    void start().then(() => {
      isReady = true;
    });
  };
  queue.join();
  const system = loadSystem();
  const worker = new Worker(queue, job, system, hooks.progress);
  const looked = new FileStatus();
  const permit = (directory: Directory, name: string): Permission => {
    if (!look(system, directory, name, looked) || looked.size <= SMALL_FILE) return 'place';
    const mayClone = job.transfer.reflink !== 'never' && job.only === undefined;
    const isWritten = Date.now() - looked.touchedMs > WRITTEN_AFTER_MS;
    return mayClone && isWritten && !isStarted ? 'clone' : 'leave';
  };
  let finished: Finished;
  try {
    let willing = true;
    while (willing && !isReady && !queue.stopped && !queue.isTaken) {
      willing = worker.help(performance.now() + SLICE_MS, permit);
      const isLong = performance.now() - began > ALONE_MS && queue.expected > FEW_FILES;
      if (!willing || isLong) startOnce();
      await nextTurn();
    }
    finished = { tally: worker.end() };
  } catch (error) {
    queue.stop();
    finished = { tally: worker.end(), error: asThrown(error) };
  }
  const alone = !isStarted || queue.sealIfAlone();
  queue.leave(finished.tally.files + finished.tally.links);
  return { ...finished, alone };
}

/** What is wrong with a file that does not answer is said when it is opened. */
function look(system: System, directory: Directory, name: string, into: FileStatus): boolean {
  const glanced = system.glance?.(directory, name, into) ?? -1;
  return glanced >= 0 || system.status(directory, name, true, into) >= 0;
}
