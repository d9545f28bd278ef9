import type { JobSettings, PlanSettings } from '../model/job.ts';
import { statOf, tryOr } from '../platform/path-status.ts';
import { nearestExisting } from '../platform/spelling.ts';
import type { System } from '../platform/system.ts';

/** What is known about a copy before it starts. */
export interface CopyFacts {
  /** The maximum number of threads that may take part, without the calling thread. */
  concurrency: number;
  /**
   * Only the calling thread takes part: nothing is copied, or only there can files in archives be read, or hard links
   * be found.
   */
  staysHere: boolean;
  /** The calling thread has to plan: it calls functions of the user, or copies files with several hard links. */
  plansHere: boolean;
  /** A whole directory is cloned with one system call, which blocks its thread. */
  clonesDirectory: boolean;
}

/** What is known about a copy when {@link chooseSchedule} decides which threads run it. */
export interface ScheduleFacts extends CopyFacts {
  /** The number of worker threads that are already started. */
  heldWorkers: number;
  /** The number of planned files that no thread has taken. */
  waitingFiles: number;
  /** The number of files that the calling thread has planned, whether they are copied or not. */
  plannedFiles?: number;
  /** Each file blocks its thread, because the disk or the network is slow. */
  isSlow?: boolean;
  /** At least one file is left to workers: a large one that would block the calling thread. */
  hasLarge?: boolean;
  /** Bytes left to workers after the calling thread has nothing more to copy; 0 before that. */
  bytesLeft?: number;
  /** Name of the destination's filesystem, if it was determined. */
  filesystem?: string | undefined;
}

export interface Schedule {
  /** Which thread plans. The calling thread copies too if it plans. */
  planner: 'caller' | 'worker';
  /** How many worker threads should take part. */
  workers: number;
}

/**
 * If this many small files wait, another thread is worth it. Booting one takes 40 ms of processor time, and then it
 * compiles all code again: for 5,000 files, two threads take as long as one.
 */
export const MANY_FILES = 8_000;

/** Small files get one worker for each group of so many planned files; an incomplete group counts too. */
export const FILES_PER_WORKER: number = 2 * MANY_FILES;

/** One thread copies this many bytes in about the time that another thread needs to boot. */
export const MANY_BYTES: number = 64 * 1024 * 1024;

/** Filesystems on which several threads do not create files faster than one. */
const SERIAL_FILESYSTEMS: ReadonlySet<string> = new Set(['btrfs']);

/** Filesystems on which a server or another process has to answer each system call. */
const SLOW_FILESYSTEMS: ReadonlySet<string> = new Set(
  '9p afs ceph cifs coda fuse nfs smb smb2 smbfs virtiofs vboxsf webdav'.split(' '),
);

/** Decides which threads run a copy. Called repeatedly during the copy, which only ever adds workers. */
export function chooseSchedule(facts: ScheduleFacts): Schedule {
  const { concurrency, heldWorkers, staysHere, plansHere, clonesDirectory } = facts;
  const { isSlow = false, hasLarge = false, bytesLeft = 0, plannedFiles = 0 } = facts;
  if (staysHere) return { planner: 'caller', workers: 0 };
  if (!plansHere && (heldWorkers > 0 || clonesDirectory)) {
    const ready = Math.max(1, Math.min(heldWorkers, concurrency));
    return { planner: 'worker', workers: needsMore(facts) ? Math.max(ready, concurrency) : ready };
  }
  if (!needsMore(facts)) return { planner: 'caller', workers: 0 };
  if (isSlow || bytesLeft >= MANY_BYTES) return { planner: 'caller', workers: concurrency };
  // The calling thread copies small files too.
  if (hasLarge) return { planner: 'caller', workers: Math.max(1, concurrency - 1) };
  return {
    planner: 'caller',
    workers: Math.min(concurrency - 1, Math.ceil(plannedFiles / FILES_PER_WORKER)),
  };
}

function needsMore({ isSlow, hasLarge, waitingFiles, filesystem }: ScheduleFacts): boolean {
  if (isSlow || hasLarge) return true;
  return waitingFiles >= MANY_FILES && !SERIAL_FILESYSTEMS.has(filesystem ?? '');
}

/** The maximum number of files for which {@link totalSize} calls stat. */
const MAX_STATS = 1_000;

/** The total bytes of files. Stops at `enough` bytes, and after the first {@link MAX_STATS} files. */
export function totalSize(files: Iterable<string>, enough: number): number {
  let bytes = 0;
  let stats = 0;
  for (const file of files) {
    if (++stats > MAX_STATS) break;
    // If stat fails, ignore it here: opening the file reports the error.
    bytes += statOf(file)?.size ?? 0;
    if (bytes >= enough) break;
  }
  return bytes;
}

/**
 * Name of the filesystem that contains a path, or would contain it. Returns an empty string if that cannot be
 * determined.
 */
export function filesystemOf(system: System, file: string): string {
  return tryOr('', () => system.filesystem(nearestExisting(file)).name);
}

/** Whether every file of a copy takes long, judged by the options and the filesystems. */
export function isSlowCopy({ transfer }: JobSettings, { targets }: PlanSettings, system: System): boolean {
  if (transfer.durability !== 'none' || transfer.pageCache === 'bypass') return true;
  const [target] = targets;
  return (
    target !== undefined &&
    [target.from, target.to].some((each) => SLOW_FILESYSTEMS.has(filesystemOf(system, each).toLowerCase()))
  );
}
