import { isWorthReserving } from '../posix/segments.ts';
import type { Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { EDQUOT, ENOSPC, FALLOC_FL_KEEP_SIZE } from './constants.ts';

/**
 * Reserves the blocks of a large dense file, so that a full disk is noticed before the work. Only a full
 * disk or quota is an answer that counts (returned negated); any other means that this filesystem does not
 * reserve. The size stays 0: a crash must not leave a complete-looking file of zeros.
 */
export function preallocate(bindings: Bindings, { destination, status }: Transfer): number {
  if (!isWorthReserving(status)) return 0;
  const result = bindings.fallocate(destination, FALLOC_FL_KEEP_SIZE, 0, status.size);
  return result === -ENOSPC || result === -EDQUOT ? result : 0;
}
