import fs from 'node:fs';
import path from 'node:path';
import { tryOr } from '../platform/path-status.ts';
import { readStart } from '../platform/read-sync.ts';
import { isStaleTemporary, temporaryName, untouchedMs } from '../transfer/temporary.ts';

/** A lock older than this is abandoned: reading and writing one file never takes so long. */
const ABANDONED_MS = 60_000;
/** After this time the caller continues without the lock: two writers at once are better than a build that hangs. */
const PATIENCE_MS = 2000;
const PAUSE_MS = 2;
/** Longer than the name of any owner. */
const OWNER_BYTES = 256;

/** On Windows, the other errors occur while another process deletes the lock. */
const IS_HELD = new Set(process.platform === 'win32' ? ['EEXIST', 'EPERM', 'EACCES', 'EBUSY'] : ['EEXIST']);
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;

/**
 * Runs `act` while no other thread or process does so for the same file. The lock is a file beside it that contains
 * the name of its owner; a lock whose owner has certainly ended is removed. Blocks for at most two seconds, then runs
 * `act` without the lock.
 */
export function withLock<T>(file: string, act: () => T, patienceMs: number = PATIENCE_MS): T {
  const lock = `${file}.lock`;
  const owner = temporaryName();
  const isHeld = acquire(lock, owner, patienceMs);
  try {
    return act();
  } finally {
    if (isHeld && ownerOf(lock) === owner) remove(lock);
  }
}

function acquire(lock: string, owner: string, patienceMs: number): boolean {
  const until = performance.now() + patienceMs;
  while (!create(lock, owner)) {
    const other = ownerOf(lock);
    if (isAbandoned(lock, other)) breakLock(lock, other);
    else if (performance.now() > until) return false;
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
  return true;
}

/** Returns false if another process or thread holds the lock. `wx` does not follow links. */
function create(lock: string, owner: string): boolean {
  try {
    fs.writeFileSync(lock, owner, { flag: 'wx' });
    return true;
  } catch (error) {
    if (IS_HELD.has((error as NodeJS.ErrnoException).code!)) return false;
    throw error;
  }
}

/** Returns an empty string if the owner has not written its name yet, or if the lock is not a readable file. */
function ownerOf(lock: string): string {
  const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
  return tryOr('', () => readStart(lock, flags, OWNER_BYTES).toString('latin1'));
}

function isAbandoned(lock: string, owner: string): boolean {
  // If this fails, the lock is gone, and creating one succeeds now.
  return tryOr(false, () => {
    const untouched = untouchedMs(lock);
    return untouched > ABANDONED_MS || isStaleTemporary(owner, () => untouched);
  });
}

/** Removes a lock, unless another process has replaced it since it was read. */
function breakLock(lock: string, owner: string): void {
  const aside = path.join(path.dirname(lock), temporaryName());
  try {
    fs.renameSync(lock, aside);
    if (ownerOf(aside) !== owner) fs.linkSync(aside, lock);
  } catch {
    // Another process was first.
  }
  remove(aside);
}

/** Ignores errors: the next process detects that the owner has ended. */
const remove = (file: string): void => tryOr(undefined, () => fs.rmSync(file, { force: true }));
