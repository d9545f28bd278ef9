import os from 'node:os';
import type { ExtendedAttributes } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C } from './constants.ts';

const { EACCES, ENOSYS, ENOTSUP, EOPNOTSUPP, EPERM } = os.constants.errno;

/**
 * Errors after which an attribute is skipped, and the user is warned: the destination's filesystem or the caller's
 * rights do not allow it.
 */
const TOLERABLE = new Set([ENOTSUP, EOPNOTSUPP, EPERM, EACCES, ENOSYS]);

/**
 * Copies extended attributes and access control lists from one open file to another. Calls `lost` for each that was
 * refused.
 */
export function copyAttributes(
  bindings: Bindings,
  source: number,
  destination: number,
  { xattr, acl }: ExtendedAttributes,
  lost: (attribute: 'xattr' | 'acl', errno: number) => void,
): number {
  // One at a time, because a refusal of one says nothing about the other.
  for (const [attribute, flag] of [
    ['xattr', xattr && C.COPYFILE_XATTR],
    ['acl', acl && C.COPYFILE_ACL],
  ] as const) {
    const result = flag ? bindings.fcopyfile(source, destination, flag) : 0;
    if (result >= 0) continue;
    if (!TOLERABLE.has(-result)) return result;
    lost(attribute, -result);
  }
  return 0;
}
