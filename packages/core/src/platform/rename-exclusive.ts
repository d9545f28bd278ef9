import { EINVAL, EISDIR, EMLINK, ENOSYS, ENOTSUP, EPERM, errnoOf } from './errno.ts';

/**
 * Errors of a filesystem that has no exclusive rename, or no hard links. libuv reports EISDIR on Windows; a sandbox
 * that does not know the call reports EPERM.
 */
const UNSUPPORTED: ReadonlySet<number> = new Set([
  ...[EINVAL, ENOSYS, ENOTSUP, EPERM, EMLINK, EISDIR],
  errnoOf('EOPNOTSUPP'),
]);

/** The steps that rename `from` to `to` in a directory. Each returns 0 or a negative error number. */
export interface RenameSteps {
  /** Renames in one call that fails if `to` exists. Undefined if the platform has no such call. */
  exclusively?(): number;
  link(): number;
  unlinkFrom(): number;
  /** Creates an empty `to`, which must not exist. */
  reserve(): number;
  replace(): number;
  unlinkTo(): number;
}

/**
 * Renames unless `to` exists (`EEXIST`), by the best way that the filesystem has. The last way, for filesystems
 * without hard links, never replaces a file that another process created, but if this process is killed between its
 * two calls, an empty file remains.
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
