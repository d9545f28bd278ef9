import fs from 'node:fs';
import path from 'node:path';
import type { JobSettings, PlanSettings } from '../model/job.ts';
import type { System } from '../platform/system.ts';

/** What is known of a copy when it is decided which threads run it. */
export interface ScheduleFacts {
  /** The most threads that may take part, the calling one not counted. */
  concurrency: number;
  /** Worker threads that have been started before. */
  heldWorkers: number;
  /** The calling thread has to call functions of the user. */
  hasFunctions: boolean;
  /** Only the calling thread can copy: it alone reads archives. */
  staysHere: boolean;
  /** Only the calling thread copies files with several names: it alone knows which of them are linked. */
  keepsLinks: boolean;
  /** Nothing is copied. */
  dryRun: boolean;
  /** A whole directory is to be cloned by one system call, which holds the thread that makes it. */
  clonesDirectory: boolean;
  /** Files that are planned and that nobody has begun. */
  waitingFiles: number;
  /** Each file holds the thread that copies it: the disk or the network is waited for. */
  isSlow: boolean;
  /** A file was found that would hold the calling thread: a large one, which is left to workers. */
  hasLarge: boolean;
  /** Bytes that are left to workers, once the calling thread has nothing more to copy; 0 before. */
  bytesLeft: number;
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

/** To copy so many bytes takes one thread about as long as another needs to boot. */
export const MANY_BYTES: number = 64 * 1024 * 1024;

/** Filesystems on which several threads create files no faster than one. */
const SERIAL_FILESYSTEMS: ReadonlySet<string> = new Set(['btrfs']);

/** A server or another process answers each system call there, or does not. */
const SLOW_FILESYSTEMS: ReadonlySet<string> = new Set(
  '9p afs ceph cifs coda fuse nfs smb smb2 smbfs virtiofs vboxsf webdav'.split(' '),
);

/** Decides which threads run a copy. Asked again while the copy goes on: workers are only ever added. */
export function chooseSchedule(facts: ScheduleFacts): Schedule {
  const { concurrency, heldWorkers, hasFunctions, keepsLinks, dryRun, clonesDirectory } = facts;
  if (dryRun || facts.staysHere) return { planner: 'caller', workers: 0 };
  if (!hasFunctions && !keepsLinks && (heldWorkers > 0 || clonesDirectory)) {
    const ready = Math.max(1, Math.min(heldWorkers, concurrency));
    return { planner: 'worker', workers: needsMore(facts) ? Math.max(ready, concurrency) : ready };
  }
  if (!needsMore(facts)) return { planner: 'caller', workers: 0 };
  if (facts.isSlow || facts.bytesLeft >= MANY_BYTES) return { planner: 'caller', workers: concurrency };
  // The calling thread copies small files too.
  return { planner: 'caller', workers: Math.max(facts.hasLarge ? 1 : 0, concurrency - 1) };
}

function needsMore({ isSlow, hasLarge, waitingFiles, filesystem }: ScheduleFacts): boolean {
  if (isSlow || hasLarge) return true;
  return waitingFiles >= MANY_FILES && !SERIAL_FILESYSTEMS.has(filesystem ?? '');
}

/** Files that {@link bytesOf} looks at. */
const MOST_LOOKS = 1_000;

/** Bytes of files, counted until they are `enough`, and of the first thousand files only. */
export function bytesOf(files: Iterable<string>, enough: number): number {
  let bytes = 0;
  let looks = 0;
  for (const file of files) {
    if (++looks > MOST_LOOKS) break;
    try {
      bytes += fs.statSync(file).size;
    } catch {
      // If stat fails, ignore it here: opening the file reports the error.
    }
    if (bytes >= enough) break;
  }
  return bytes;
}

/** Name of the filesystem that a path is on, or would be if it existed; empty if it cannot be asked. */
export function filesystemOf(system: System, file: string): string {
  for (let current = file; ; current = path.dirname(current)) {
    try {
      return system.filesystem(current).name;
    } catch {
      if (path.dirname(current) === current) return '';
    }
  }
}

/** Whether every file of a copy takes long, as far as its options and its filesystems tell. */
export function isSlowCopy({ transfer }: JobSettings, { targets }: PlanSettings, system: System): boolean {
  if (transfer.durability !== 'none' || transfer.pageCache === 'bypass') return true;
  const [target] = targets;
  return (
    target !== undefined &&
    [target.from, target.to].some((each) => SLOW_FILESYSTEMS.has(filesystemOf(system, each).toLowerCase()))
  );
}
