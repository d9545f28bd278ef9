import os from 'node:os';
import type { Bindings } from './bindings.ts';
import { constants as C } from './constants.ts';

const { EINVAL, ENOTSUP, ENOTTY, EOPNOTSUPP } = os.constants.errno;

/** What is answered where a filesystem, or the device below it, does not have this kind of flush. */
const CANNOT = new Set([EINVAL, ENOTSUP, EOPNOTSUPP, ENOTTY]);

/**
 * Puts a file or directory on the disk. fsync() alone leaves it in the drive's own cache here, so that is only
 * the last resort; a barrier at least keeps the order of writes.
 */
export function sync(bindings: Bindings, fd: number): number {
  const full = bindings.fcntl(fd, C.F_FULLFSYNC, 0);
  if (!CANNOT.has(-full)) return full;
  const barrier = bindings.fcntl(fd, C.F_BARRIERFSYNC, 0);
  return CANNOT.has(-barrier) ? bindings.fsync(fd) : barrier;
}
