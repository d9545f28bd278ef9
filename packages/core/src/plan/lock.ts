import fs from 'node:fs';
import path from 'node:path';
import { readSync } from '../platform/read-sync.ts';
import { isStaleTemporary, temporaryName, untouchedMs } from '../transfer/temporary.ts';

/** Nobody holds a lock for longer than it takes to read and write one file. */
const ABANDONED_MS = 60_000;
/** Then the caller goes on without the lock: two writers at once are better than a build that stands still. */
const PATIENCE_MS = 2000;
const PAUSE_MS = 2;
/** More than the name of any owner. */
const OWNER_BYTES = 256;

/** Windows answers the others while another process deletes the lock. */
const IS_HELD = new Set(process.platform === 'win32' ? ['EEXIST', 'EPERM', 'EACCES', 'EBUSY'] : ['EEXIST']);
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;

/**
 * Runs `act` while no other thread or process does so for the same file. The lock is a file beside it that names
 * its owner; a lock whose owner is certainly gone is removed. Waits for two seconds at most, blocking, and then runs
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

/** False: another one holds it. `wx` follows no link. */
function create(lock: string, owner: string): boolean {
  try {
    fs.writeFileSync(lock, owner, { flag: 'wx' });
    return true;
  } catch (error) {
    if (IS_HELD.has((error as NodeJS.ErrnoException).code!)) return false;
    throw error;
  }
}

/** Empty where the owner has not written its name yet, or the lock is no file that can be read. */
function ownerOf(lock: string): string {
  try {
    const fd = fs.openSync(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(OWNER_BYTES);
      return buffer.toString('latin1', 0, readSync(fd, buffer, 0, OWNER_BYTES, null));
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return '';
  }
}

function isAbandoned(lock: string, owner: string): boolean {
  try {
    const untouched = untouchedMs(lock);
    return untouched > ABANDONED_MS || isStaleTemporary(owner, () => untouched);
  } catch {
    // It is gone: creating it succeeds now.
    return false;
  }
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

function remove(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // The next process finds that the owner is gone.
  }
}
