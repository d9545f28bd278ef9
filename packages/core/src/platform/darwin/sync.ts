import os from 'node:os';
import type { Bindings } from './bindings.ts';
import { constants as C } from './constants.ts';

const { EINVAL, ENOTSUP, ENOTTY, EOPNOTSUPP } = os.constants.errno;

/** Errors of a filesystem, or the device below it, that does not have this kind of flush. */
const CANNOT = new Set([EINVAL, ENOTSUP, EOPNOTSUPP, ENOTTY]);

/**
 * Flushes a file or directory to the disk. On macOS fsync() alone leaves the data in the drive's own cache, so it is
 * only the last resort; a barrier at least keeps the order of writes.
 */
export function sync(bindings: Bindings, fd: number): number {
  const full = bindings.fcntl(fd, C.F_FULLFSYNC, 0);
  if (!CANNOT.has(-full)) return full;
  const barrier = bindings.fcntl(fd, C.F_BARRIERFSYNC, 0);
  return CANNOT.has(-barrier) ? bindings.fsync(fd) : barrier;
}
