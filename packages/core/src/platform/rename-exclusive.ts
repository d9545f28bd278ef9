import { EINVAL, EISDIR, EMLINK, ENOSYS, ENOTSUP, EPERM, errnoOf } from './errno.ts';

/**
 * What a filesystem answers that has no rename that replaces nothing, or no hard links: EISDIR on Windows, by libuv,
 * and EPERM a sandbox that does not know the call.
 */
const UNSUPPORTED: ReadonlySet<number> = new Set([
  ...[EINVAL, ENOSYS, ENOTSUP, EPERM, EMLINK, EISDIR],
  errnoOf('EOPNOTSUPP'),
]);

/** How a directory's file `from` gets the name `to`, step by step. Each answers 0 or a negative error number. */
export interface RenameSteps {
  /** In one step. Undefined: the lane has no such call. */
  exclusively?(): number;
  link(): number;
  unlinkFrom(): number;
  /** Creates an empty `to`, which must not exist. */
  reserve(): number;
  replace(): number;
  unlinkTo(): number;
}

/**
 * Renames unless `to` exists (`EEXIST`), by the best way that the filesystem has. The last one, for filesystems
 * without hard links, never replaces what somebody else has made, but a process that is killed between its two calls
 * leaves an empty file.
 */
export function renameExclusively(steps: RenameSteps): number {
  const renamed = steps.exclusively?.() ?? -ENOSYS;
  if (!UNSUPPORTED.has(-renamed)) return renamed;
  const linked = steps.link();
  if (linked >= 0) return steps.unlinkFrom();
  if (!UNSUPPORTED.has(-linked)) return linked;
  const reserved = steps.reserve();
  if (reserved < 0) return reserved;
  const replaced = steps.replace();
  if (replaced < 0) steps.unlinkTo();
  return replaced;
}
