import { EINVAL, EISDIR, EMLINK, ENOSYS, ENOTSUP, EOPNOTSUPP, EPERM } from './errno.ts';
import type { Directory, System } from './system.ts';

/**
 * Errors of a filesystem that has no exclusive rename, or no hard links. libuv reports EISDIR on Windows; a sandbox
 * that does not know the call reports EPERM.
 */
const UNSUPPORTED = new Set([EINVAL, ENOSYS, ENOTSUP, EPERM, EMLINK, EISDIR, EOPNOTSUPP]);

/** Calls that fail if `to` exists. Each returns 0 or a negative error number. */
interface Exclusive {
  /** Renames. Undefined if the platform has no such call. */
  exclusively?(): number;
  /** Makes `to` a hard link to `from`. */
  link(): number;
}

/**
 * Renames unless `to` exists (`EEXIST`), by the best way that the filesystem has. The last way, for filesystems
 * without hard links, never replaces a file that another process created, but if this process is killed between its
 * two calls, an empty file remains.
 */
export function renameExclusively(
  system: Pick<System, 'create' | 'close' | 'rename' | 'unlink'>,
  directory: Directory,
  from: string,
  to: string,
  { exclusively, link }: Exclusive,
): number {
  const renamed = exclusively?.() ?? -ENOSYS;
  if (!UNSUPPORTED.has(-renamed)) return renamed;
  const linked = link();
  if (linked >= 0) return system.unlink(directory, from);
  if (!UNSUPPORTED.has(-linked)) return linked;
  const reserved = system.create(directory, to, 0o600);
  if (reserved < 0) return reserved;
  system.close(reserved);
  const replaced = system.rename(directory, from, to);
  if (replaced < 0) system.unlink(directory, to);
  return replaced;
}
