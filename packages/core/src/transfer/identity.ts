import { FileStatus } from '../platform/status.ts';
import type { Directory, Errno, System } from '../platform/system.ts';

const open = new FileStatus();
const named = new FileStatus();

/**
 * Whether the path of a directory still leads to the one that was `opened`. Always true if it has a descriptor,
 * because then no path is used. On Windows and with `node:fs` the check comes just before the path is used: a link
 * that replaces the directory in between is not noticed.
 */
export function isStillThere(system: System, directory: Directory, opened: FileStatus): boolean {
  if (directory.fd >= 0) return true;
  return system.status(directory, '.', true, named) >= 0 && opened.isSameFile(named);
}

/** Closes a new file, and deletes it unless another process has replaced it. */
export function discard(system: System, directory: Directory, name: string, fd: number): void {
  const isFound = system.fileStatus(fd, open) >= 0 && system.status(directory, name, false, named) >= 0;
  // Windows keeps the name of a deleted file until it is closed.
  system.close(fd);
  if (isFound && open.isSameFile(named)) system.unlink(directory, name);
}

/**
 * Closes a complete new file. If the system reports an error, which may mean that bytes are missing, deletes the file
 * unless another process has replaced it.
 */
export function closeComplete(system: System, directory: Directory, name: string, fd: number): Errno {
  const isFound = system.fileStatus(fd, open) >= 0;
  const closed = system.close(fd);
  if (closed < 0 && isFound && system.status(directory, name, false, named) >= 0 && open.isSameFile(named))
    system.unlink(directory, name);
  return closed;
}

/**
 * Whether a name leads to a clone that was just created and is not open: a file with the size and modification time
 * that its source had before it was cloned, or has now.
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
