import type Crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { tryOr } from '../platform/path-status.ts';
import { onDisk } from '../platform/raw-names.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';

export const PREFIX = '.fs-reflink-';
const SUFFIX = '.tmp';
const NAME = /^\.fs-reflink-([0-9a-f]{8})-(\d+)-(\d+)-([0-9a-f]{16})-[0-9a-z]+\.tmp$/;
/**
 * If nothing tells whether the owner still runs (on another host, for example), a file is kept for this time after
 * its last change.
 */
const UNTOUCHED_MS = 24 * 60 * 60 * 1000;

/** All copies of this module in one process (source and build, for example) must use the same run. */
const RUN_KEY = Symbol.for('fs-reflink.run');

/** Identifies this process among all that may write to a shared disk. Its worker threads have the same. */
export interface Run {
  /** A hash of host, boot and process namespace: process numbers can be compared only within it. */
  realm: string;
  pid: number;
  /**
   * When the process was started, in clock ticks after the boot of the host; 0 if unknown. It tells the process from
   * an earlier one with the same number.
   */
  started: number;
  /** Random, so that nobody can predict a name. */
  id: string;
  /** The number of names that this thread has created. */
  names: number;
}

export function currentRun(): Run {
  const store = globalThis as { [RUN_KEY]?: Run };
  return (store[RUN_KEY] ??= newRun());
}

/**
 * Worker threads do not call this: they get the run of their parent. To load `node:crypto` would take a tenth of
 * their start.
 */
function newRun(): Run {
  const { createHash, randomBytes } = createRequire(import.meta.url || __filename)(
    'node:crypto',
  ) as typeof Crypto;
  const parts = [os.hostname(), read('/proc/sys/kernel/random/boot_id'), readLink('/proc/self/ns/pid')];
  const realm = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 8);
  const id = randomBytes(8).toString('hex');
  return { realm, pid: process.pid, started: startOf(process.pid), id, names: 0 };
}

/** Makes a worker thread part of its parent's run. */
export function joinRun(run: Run): void {
  (globalThis as { [RUN_KEY]?: Run })[RUN_KEY] = run;
}

const read = (file: string): string => tryOr('', () => fs.readFileSync(file, 'utf8'));
const readLink = (file: string): string => tryOr('', () => fs.readlinkSync(file));

/** When a process of this realm was started, in clock ticks after the boot of the host; 0 if unknown. */
function startOf(pid: number): number {
  // /proc may belong to another process namespace, where the same number is another process.
  if (readLink('/proc/self') !== `${process.pid}`) return 0;
  const status = read(`/proc/${pid}/stat`);
  // The second field is the command's name in parentheses, which may contain spaces and parentheses.
  return Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? 0);
}

/**
 * A name that no other file has. It does not depend on the name of the destination, so that it is short enough for
 * every filesystem.
 */
export function temporaryName(): string {
  const run = currentRun();
  const { realm, pid, started, id } = run;
  const { threadId } = process.getBuiltinModule('node:worker_threads');
  const thread = threadId.toString(36).padStart(4, '0');
  return `${PREFIX}${realm}-${pid}-${started}-${id}-${thread}${(run.names++).toString(36)}${SUFFIX}`;
}

/**
 * Whether the process that created a temporary name has ended. `untouchedMs` returns for how many milliseconds the
 * file has not been changed, which decides if nothing else does.
 */
export function isStaleTemporary(name: string, untouchedMs: () => number): boolean {
  const match = name.startsWith(PREFIX) ? NAME.exec(name) : null;
  if (!match) return false;
  const run = currentRun();
  const [, realm, pid, started, id] = match;
  if (realm !== run.realm) return untouchedMs() > UNTOUCHED_MS;
  const now = Number(pid) === run.pid ? run.started : startOf(Number(pid));
  if (now > 0 && Number(started) > 0) return Number(started) !== now;
  // It may be another thread of this process, with a run of its own, or an earlier process with this number.
  if (Number(pid) === run.pid) return id !== run.id && untouchedMs() > UNTOUCHED_MS;
  return !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * The milliseconds since a file was changed. Uses the change time, because the modification time may already be that
 * of the source.
 */
export function untouchedMs(file: string): number {
  return Date.now() - fs.lstatSync(file).ctimeMs;
}

const status = new FileStatus();

/**
 * Deletes temporary files that killed processes left in an open directory. Uses names relative to the directory,
 * because a link may have replaced its path. Ignores errors: they are no reason to fail the copy.
 */
export function sweepTemporaries(system: System, directory: Directory): void {
  // Names are missing if the directory cannot be read or was deleted.
  for (const name of tryOr([], () => fs.readdirSync(onDisk(directory.path)))) {
    // The modification time alone is not enough: a file that is being copied may already have its source's.
    const untouchedMs = () =>
      system.status(directory, name, false, status) < 0 ? 0 : Date.now() - status.touchedMs;
    if (isStaleTemporary(name, untouchedMs)) system.unlink(directory, name);
  }
}
