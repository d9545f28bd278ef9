import { EBUSY, EINVAL, EISDIR, ENOTDIR, EPERM } from '../errno.ts';
import type { Bindings } from './bindings.ts';
import { constants as C } from './constants.ts';
import { retryWhileBusy } from './retry-while-busy.ts';

const isBusyOrDenied = (errno: number): boolean => errno === EBUSY || errno === EPERM;

/** Gives a file another name. What has that name must not be there, unless `replace`. Paths are complete. */
export function rename(bindings: Bindings, from: string, to: string, replace: boolean): number {
  if (!replace) return retryWhileBusy(() => bindings.moveFile(from, to, 0));
  const move = () => bindings.moveFile(from, to, C.MOVEFILE_REPLACE_EXISTING);
  const result = move();
  // Denied also means: in use by someone who lets others delete it, read-only, or a directory.
  if (result >= 0 || !isBusyOrDenied(-result)) return result;
  const attributes = bindings.getFileAttributes(to);
  if (attributes < 0) return retryWhileBusy(move, isBusyOrDenied);
  if (attributes & C.FILE_ATTRIBUTE_DIRECTORY) {
    return attributes & C.FILE_ATTRIBUTE_REPARSE_POINT ? replaceLink(bindings, from, to) : -EISDIR;
  }
  if ((attributes & C.FILE_ATTRIBUTE_READONLY) === 0) return retryWhileBusy(move, isBusyOrDenied);
  return replaceReadOnly(bindings, to, attributes, () => retryWhileBusy(move, isBusyOrDenied));
}

/** A read-only file cannot be replaced; when it was not, it is read-only again. */
function replaceReadOnly(bindings: Bindings, to: string, attributes: number, move: () => number): number {
  const cleared = bindings.setFileAttributes(to, writable(attributes));
  if (cleared < 0) return cleared;
  const result = move();
  if (result < 0) bindings.setFileAttributes(to, attributes);
  return result;
}

/** A link to a directory is a directory to a rename: it steps aside, and comes back if the rename fails. */
function replaceLink(bindings: Bindings, from: string, to: string): number {
  const aside = `${from}.old`;
  const stepped = bindings.moveFile(to, aside, 0);
  if (stepped < 0) return stepped;
  // Somebody may have put a file in its place meanwhile.
  const moved = bindings.getFileAttributes(aside);
  const isLink = moved >= 0 && (moved & C.FILE_ATTRIBUTE_REPARSE_POINT) !== 0;
  const result = isLink ? bindings.moveFile(from, to, 0) : -EBUSY;
  if (result < 0) bindings.moveFile(aside, to, 0);
  else bindings.removeDirectory(aside);
  return result;
}

/** Removes a file or a link, read-only ones too. */
export function unlink(bindings: Bindings, path: string): number {
  const result = retryWhileBusy(() => bindings.deleteFile(path));
  if (result !== -EPERM) return result;
  const attributes = bindings.getFileAttributes(path);
  if (attributes < 0) return result;
  if (attributes & C.FILE_ATTRIBUTE_DIRECTORY) {
    return attributes & C.FILE_ATTRIBUTE_REPARSE_POINT ? bindings.removeDirectory(path) : result;
  }
  if ((attributes & C.FILE_ATTRIBUTE_READONLY) === 0) return result;
  return replaceReadOnly(bindings, path, attributes, () => bindings.deleteFile(path));
}

/** Removes an empty directory, read-only ones too. */
export function removeDirectory(bindings: Bindings, path: string): number {
  const attributes = bindings.getFileAttributes(path);
  if (attributes < 0) return attributes;
  if ((attributes & C.FILE_ATTRIBUTE_DIRECTORY) === 0) return -ENOTDIR;
  const remove = () => retryWhileBusy(() => bindings.removeDirectory(path));
  return attributes & C.FILE_ATTRIBUTE_READONLY
    ? replaceReadOnly(bindings, path, attributes, remove)
    : remove();
}

/** Makes a symbolic link. Needs Developer Mode or a privilege: without, the answer is EPERM. */
export function symlink(bindings: Bindings, path: string, target: string, toDirectory: boolean): number {
  const flags = toDirectory ? C.SYMBOLIC_LINK_FLAG_DIRECTORY : 0;
  const spelled = target.replaceAll('/', '\\');
  const allowed = flags | C.SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE;
  const result = bindings.createSymbolicLink(path, spelled, allowed);
  // Windows before 10 1703 does not know the flag.
  return result === -EINVAL ? bindings.createSymbolicLink(path, spelled, flags) : result;
}

const writable = (attributes: number): number =>
  attributes & ~C.FILE_ATTRIBUTE_READONLY || C.FILE_ATTRIBUTE_NORMAL;
