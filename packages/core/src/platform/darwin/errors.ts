import os from 'node:os';
import { FILE, PAIR } from '../posix/errors.ts';
import type { ErrorClass } from '../system.ts';

const { EINTR } = os.constants.errno;

/**
 * `fcopyfile`. It reads and writes by itself, so a full or failing disk is the truth; what it refuses for
 * reasons of its own, read() and write() may still do.
 */
export function classifyCopyfile(errno: number): ErrorClass {
  if (errno === EINTR) return 'retry';
  return PAIR.has(errno) ? 'pair' : FILE.has(errno) ? 'file' : 'fatal';
}
