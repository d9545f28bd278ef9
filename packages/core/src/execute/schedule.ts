import type { System } from '../platform/system.ts';
import type { PlanSettings } from './job.ts';

/** What is known of a copy when it is decided which threads run it. */
export interface ScheduleFacts {
  /** The most threads that may take part, the calling one not counted. */
  concurrency: number;
  /** Worker threads that have been started before. */
  heldWorkers: number;
  /** The calling thread has to call functions of the user. */
  hasFunctions: boolean;
  /** Nothing is copied. */
  dryRun: boolean;
  /** A whole directory is to be cloned by one system call, which holds the thread that makes it. */
  clonesDirectory: boolean;
  /** Files that are planned and that nobody has begun. */
  waitingFiles: number;
  /** Files were met that take long: to copy one would hold the calling thread. */
  isLarge: boolean;
  /** Name of the destination's filesystem, where it was asked for. */
  filesystem?: string | undefined;
}

export interface Schedule {
  /** Which thread plans. The calling thread copies too if it plans. */
  planner: 'caller' | 'worker';
  /** Worker threads that are to take part. */
  workers: number;
}

/**
 * From so many small files on another thread pays. Booting one takes 40 ms of processor time, and then it compiles
 * everything again: 5,000 files take one thread as long as two.
 */
export const MANY_FILES = 8_000;

/** Filesystems on which several threads create files no faster than one. */
const SERIAL_FILESYSTEMS: ReadonlySet<string> = new Set(['btrfs']);

/** Decides which threads run a copy. Asked again while the copy goes on: workers are only ever added. */
export function chooseSchedule(facts: ScheduleFacts): Schedule {
  const { concurrency, heldWorkers, hasFunctions, dryRun, clonesDirectory } = facts;
  if (dryRun) return { planner: 'caller', workers: 0 };
  const isHeld = !hasFunctions && heldWorkers > 0;
  if (isHeld || (clonesDirectory && !hasFunctions)) {
    const ready = Math.max(1, Math.min(heldWorkers, concurrency));
    return { planner: 'worker', workers: needsMore(facts) ? Math.max(ready, concurrency) : ready };
  }
  if (!needsMore(facts)) return { planner: 'caller', workers: 0 };
  // The calling thread copies small files too.
  return { planner: 'caller', workers: facts.isLarge ? concurrency : concurrency - 1 };
}

function needsMore({ isLarge, waitingFiles, filesystem }: ScheduleFacts): boolean {
  if (isLarge) return true;
  return waitingFiles >= MANY_FILES && !SERIAL_FILESYSTEMS.has(filesystem ?? '');
}

/** Name of the filesystem that the first target goes to; empty if it cannot be asked. */
export function filesystemOf(system: System, { targets: [target] }: PlanSettings): string {
  try {
    return target ? system.filesystem(target.to).name : '';
  } catch {
    return '';
  }
}
