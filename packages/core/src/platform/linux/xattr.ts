import { E2BIG, EACCES, EINVAL, ENODATA, ENOSPC, EOPNOTSUPP, EOVERFLOW, EPERM, ERANGE } from '../errno.ts';
import type { ExtendedAttributes } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { layouts, XATTR_LIST_MAX, XATTR_SIZE_MAX } from './constants.ts';

const ACL_NAMES = new Set([
  'system.posix_acl_access',
  'system.posix_acl_default',
  'system.nfs4_acl',
  'system.richacl',
]);

/**
 * The label of SELinux. The policy assigns it by location, and only some programs may set it: a refusal is not
 * reported.
 */
const POLICY_LABEL = 'security.selinux';

const NONE = Buffer.alloc(0);

/** The buffers of this thread, reused for each file because both are large. */
let buffers: { list: Buffer; value: Buffer } | undefined;

type Lost = (attribute: 'xattr' | 'acl', errno: number) => void;

/**
 * Copies extended attributes from one open file to another. If the destination inherited an access control list from
 * its directory, and the source has none, removes that list. Skips what the destination's filesystem or the caller's
 * rights do not allow, and calls `lost` once for each of the two kinds that are affected.
 */
export function copyExtendedAttributes(
  bindings: Bindings,
  source: number,
  destination: number,
  { xattr, acl }: ExtendedAttributes,
  lost: Lost,
): number {
  const refused = new Map<'xattr' | 'acl', number>();
  const names = namesOf(bindings, source);
  if (typeof names === 'number') {
    if (!isTolerable(names)) return names;
    // For example E2BIG: the kernel lists at most 64 KiB of names.
    if (xattr) lost('xattr', -names);
    if (acl) lost('acl', -names);
    return 0;
  }
  for (const name of names) {
    if (!(ACL_NAMES.has(name) ? acl : xattr)) continue;
    const { value } = buffersOfThread();
    const size = bindings.fgetxattr(source, name, value, XATTR_SIZE_MAX);
    // The attribute was removed meanwhile.
    if (size === -ENODATA) continue;
    const result = size < 0 ? size : bindings.fsetxattr(destination, name, value, size, 0);
    if (result >= 0) continue;
    if (!isTolerable(result) && !(result === -ENOSPC && hasRoom(bindings, destination))) return result;
    if (name !== POLICY_LABEL) refused.set(ACL_NAMES.has(name) ? 'acl' : 'xattr', -result);
  }
  const inherited = acl ? namesOf(bindings, destination) : NO_NAMES;
  if (typeof inherited === 'number' && !isTolerable(inherited)) return inherited;
  for (const name of typeof inherited === 'number' ? NO_NAMES : inherited) {
    if (!ACL_NAMES.has(name) || names.includes(name)) continue;
    const result = bindings.fremovexattr(destination, name);
    if (result >= 0 || result === -ENODATA) continue;
    if (!isTolerable(result)) return result;
    refused.set('acl', -result);
  }
  for (const [attribute, errno] of refused) lost(attribute, errno);
  return 0;
}

const NO_NAMES: readonly string[] = [];

/**
 * The names of a file's extended attributes; none if the filesystem has no attributes. Returns a negative error number
 * on failure.
 */
function namesOf({ flistxattr }: Bindings, fd: number): readonly string[] | number {
  // If only the length is asked for, the kernel allocates no memory.
  const some = flistxattr(fd, NONE, 0);
  if (some <= 0) return some === 0 || some === -EOPNOTSUPP ? NO_NAMES : some;
  const { list } = buffersOfThread();
  const length = flistxattr(fd, list, XATTR_LIST_MAX);
  if (length < 0) return length;
  return list.toString('utf8', 0, length).split('\0').slice(0, -1);
}

function buffersOfThread() {
  return (buffers ??= { list: Buffer.alloc(XATTR_LIST_MAX), value: Buffer.alloc(XATTR_SIZE_MAX) });
}

/**
 * Errors after which a copy continues without extended attributes. EINVAL and EOVERFLOW: the user namespace, or the
 * mount, has no number for a user whom an access control list names, or to whom capabilities belong.
 */
const TOLERABLE = new Set([EOPNOTSUPP, ENODATA, EPERM, EACCES, ERANGE, E2BIG, EINVAL, EOVERFLOW]);

/** Whether a copy continues without extended attributes after this result. */
function isTolerable(result: number): boolean {
  return TOLERABLE.has(-result);
}

/** More blocks than an attribute can need, and few enough that only a full disk has fewer. */
const ROOM_BLOCKS = 256;

/**
 * Whether a filesystem has free space. Then it reports ENOSPC for an attribute because it keeps only little for one
 * file: ext4 one block for all attributes, btrfs 16 KiB for each.
 */
function hasRoom(bindings: Bindings, fd: number): boolean {
  const { size, f_bavail } = layouts['struct statfs'];
  const words = new Uint32Array(size / 4);
  if (bindings.fstatfs(fd, words) < 0) return false;
  const [low, high] = words.subarray(f_bavail / 4);
  return high! > 0 || low! >= ROOM_BLOCKS;
}
