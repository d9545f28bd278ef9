import os from 'node:os';
import type { ExtendedAttributes } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C } from './constants.ts';

const { EACCES, ENOSYS, ENOTSUP, EOPNOTSUPP, EPERM } = os.constants.errno;

/** What the destination's filesystem or the caller's rights do not allow is left out, as cp(1) does. */
const TOLERABLE = new Set([ENOTSUP, EOPNOTSUPP, EPERM, EACCES, ENOSYS]);

/** Carries extended attributes and access control lists from one open file to another. */
export function copyAttributes(
  bindings: Bindings,
  source: number,
  destination: number,
  { xattr, acl }: ExtendedAttributes,
): number {
  // One at a time: that one of them is refused says nothing about the other.
  for (const flag of [xattr && C.COPYFILE_XATTR, acl && C.COPYFILE_ACL]) {
    const result = flag ? bindings.fcopyfile(source, destination, flag) : 0;
    if (result < 0 && !TOLERABLE.has(-result)) return result;
  }
  return 0;
}
