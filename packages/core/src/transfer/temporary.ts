import type Crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { threadId } from 'node:worker_threads';

const PREFIX = '.fs-reflink-';
const SUFFIX = '.tmp';
const NAME = /^\.fs-reflink-([0-9a-f]{8})-(\d+)-([0-9a-f]{8})-[0-9a-z]+\.tmp$/;
/** A temporary file of another host or container may be in use: nothing tells but its age. */
const FOREIGN_AGE_MS = 24 * 60 * 60 * 1000;

/** Two copies of this module in one process (source and build, say) must agree on what is theirs. */
const RUN_KEY = Symbol.for('fs-reflink.run');

/** Identifies this process among all that may write to a shared disk; the same in its worker threads. */
export interface Run {
  /** Host, boot and process namespace: where a process number means something. */
  realm: string;
  pid: number;
  /** Tells this process from an earlier one with its number, as in containers where all are number 1. */
  id: string;
  /** Names given in this thread. */
  names: number;
}

export function currentRun(): Run {
  const store = globalThis as { [RUN_KEY]?: Run };
  return (store[RUN_KEY] ??= newRun());
}

/** Worker threads are told theirs, and do without what is loaded here, which takes a tenth of their boot. */
function newRun(): Run {
  const { createHash, randomBytes } = createRequire(import.meta.url)('node:crypto') as typeof Crypto;
  const parts = [os.hostname(), read('/proc/sys/kernel/random/boot_id'), readLink('/proc/self/ns/pid')];
  const realm = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 8);
  return { realm, pid: process.pid, id: randomBytes(4).toString('hex'), names: 0 };
}

/** Makes a worker thread part of its parent's run. */
export function joinRun(run: Run): void {
  (globalThis as { [RUN_KEY]?: Run })[RUN_KEY] = run;
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function readLink(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return '';
  }
}

/** A name no file has, short enough for every filesystem whatever the destination is called. */
export function temporaryName(): string {
  const run = currentRun();
  const { realm, pid, id } = run;
  const thread = threadId.toString(36).padStart(4, '0');
  return `${PREFIX}${realm}-${pid}-${id}-${thread}${(run.names++).toString(36)}${SUFFIX}`;
}

/** Whether a file is left from a process that was killed while it copied. */
export function isStaleTemporary(name: string, ageMs: () => number): boolean {
  const match = name.startsWith(PREFIX) ? NAME.exec(name) : null;
  if (!match) return false;
  const run = currentRun();
  const [, realm, pid, id] = match;
  if (realm !== run.realm) return ageMs() > FOREIGN_AGE_MS;
  if (Number(pid) === run.pid) return id !== run.id;
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

/** Removes what killed processes left in a directory. Failing to is no reason to fail the copy. */
export function sweepTemporaries(directory: string): void {
  try {
    for (const name of fs.readdirSync(directory)) {
      const file = `${directory}/${name}`;
      if (isStaleTemporary(name, () => Date.now() - fs.lstatSync(file).mtimeMs))
        fs.rmSync(file, { force: true });
    }
  } catch {
    // Unreadable, or gone: then there is nothing of ours to find.
  }
}
