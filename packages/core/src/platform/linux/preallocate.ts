import type { Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { EDQUOT, ENOSPC, FALLOC_FL_KEEP_SIZE } from './constants.ts';

/** Files from this size on get their blocks in one piece. */
const PREALLOCATE_FROM = 16 * 1024 * 1024;

/**
 * Reserves the blocks of a large dense file, so that a full disk is noticed before the work. Only a full
 * disk or quota is an answer that counts (returned negated); any other means that this filesystem does not
 * reserve. The size stays 0: a crash must not leave a complete-looking file of zeros.
 */
export function preallocate(bindings: Bindings, { destination, status }: Transfer): number {
  if (status.size < PREALLOCATE_FROM || status.blocks * 512 < status.size) return 0;
  const result = bindings.fallocate(destination, FALLOC_FL_KEEP_SIZE, 0, status.size);
  return result === -ENOSPC || result === -EDQUOT ? result : 0;
}
