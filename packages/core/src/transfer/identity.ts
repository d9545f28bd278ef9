import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';

const open = new FileStatus();
const named = new FileStatus();

/** Whether a name leads to an open file: somebody may have put another file in its place since it was created. */
export function leadsTo(system: System, directory: Directory, name: string, fd: number): boolean {
  if (system.fileStatus(fd, open) < 0 || system.status(directory, name, false, named) < 0) return false;
  return open.isSameFile(named);
}

/**
 * Whether the path of a directory leads to the one that was `opened`. A directory with a descriptor needs no path:
 * elsewhere (Windows, `node:fs`) it is compared just before, and a link that comes between the two is not seen.
 */
export function isStillThere(system: System, directory: Directory, opened: FileStatus): boolean {
  if (directory.fd >= 0) return true;
  return system.status(directory, '.', true, named) >= 0 && opened.isSameFile(named);
}

/** Closes a file that was created, and deletes it unless somebody has put another in its place. */
export function discard(system: System, directory: Directory, name: string, fd: number): void {
  const isOurs = leadsTo(system, directory, name, fd);
  // Windows keeps the name of a deleted file until it is closed.
  system.close(fd);
  if (isOurs) system.unlink(directory, name);
}

/**
 * Whether a name leads to a clone that was just made and is not open: a file of the size and the modification time
 * of its source, before it was cloned or now.
 */
export function looksLikeClone(
  system: System,
  directory: Directory,
  name: string,
  source: { fd: number; status: FileStatus },
): boolean {
  if (system.status(directory, name, false, named) < 0 || !named.isRegular) return false;
  if (named.hasSizeAndTimeOf(source.status)) return true;
  return system.fileStatus(source.fd, open) >= 0 && named.hasSizeAndTimeOf(open);
}
