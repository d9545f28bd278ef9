import { EBUSY, EINVAL, EISDIR, ENOTDIR, EPERM } from '../errno.ts';
import type { Bindings } from './bindings.ts';
import { constants as C, NOT_FOLLOWED, SHARE_ALL } from './constants.ts';
import { isSurrogate } from './status.ts';

/** Milliseconds between tries, one second in total: virus scanners and indexers hold new files for a moment. */
const PAUSES = [1, 2, 5, 10, 20, 50, 100, 200, 300, 300];

/** Repeats a call while its result says that the file is in use, for one second at most. */
export function retryWhileBusy(
  call: () => number,
  isBusy: (errno: number) => boolean = (errno) => errno === EBUSY,
): number {
  let result = call();
  for (let tries = 0; tries < PAUSES.length && result < 0 && isBusy(-result); tries++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSES[tries]!);
    result = call();
  }
  return result;
}

const isBusyOrDenied = (errno: number): boolean => errno === EBUSY || errno === EPERM;

/** Renames a file. `to` must not exist, unless `replace` is true. Both paths are absolute. */
export function rename(bindings: Bindings, from: string, to: string, replace: boolean): number {
  if (!replace) return retryWhileBusy(() => bindings.moveFile(from, to, 0));
  const move = () => bindings.moveFile(from, to, C.MOVEFILE_REPLACE_EXISTING);
  const result = move();
  // EPERM can also mean that another process has `to` open and allows deleting it, or that it is read-only or a
  // directory.
  if (result >= 0 || !isBusyOrDenied(-result)) return result;
  const attributes = bindings.getFileAttributes(to);
  if (attributes < 0) return retryWhileBusy(move, isBusyOrDenied);
  if (attributes & C.FILE_ATTRIBUTE_DIRECTORY) {
    return isLink(bindings, to, attributes) ? replaceLink(bindings, from, to) : -EISDIR;
  }
  if ((attributes & C.FILE_ATTRIBUTE_READONLY) === 0) return retryWhileBusy(move, isBusyOrDenied);
  return replaceReadOnly(bindings, to, attributes, () => retryWhileBusy(move, isBusyOrDenied));
}

/** A read-only file cannot be replaced or deleted: clears the attribute first, and sets it again if `move` fails. */
function replaceReadOnly(bindings: Bindings, to: string, attributes: number, move: () => number): number {
  const cleared = bindings.setFileAttributes(to, writable(attributes));
  if (cleared < 0) return cleared;
  const result = move();
  if (result < 0) bindings.setFileAttributes(to, attributes);
  return result;
}

/** A rename cannot replace a link to a directory: renames the link away first, and back if the rename fails. */
function replaceLink(bindings: Bindings, from: string, to: string): number {
  // A temporary name too: if the process is killed now, a later copy deletes it.
  const aside = from.replace(/\.tmp$/, 'old.tmp');
  const stepped = bindings.moveFile(to, aside, 0);
  if (stepped < 0) return stepped;
  // Another process may have replaced the link meanwhile.
  const moved = bindings.getFileAttributes(aside);
  const result = moved >= 0 && isLink(bindings, aside, moved) ? bindings.moveFile(from, to, 0) : -EBUSY;
  if (result < 0) bindings.moveFile(aside, to, 0);
  else removeLink(bindings, aside, moved);
  return result;
}

/** Deletes a link to a directory, even if it is read-only. */
function removeLink(bindings: Bindings, path: string, attributes: number): number {
  const remove = () => bindings.removeDirectory(path);
  return attributes & C.FILE_ATTRIBUTE_READONLY
    ? replaceReadOnly(bindings, path, attributes, remove)
    : remove();
}

/**
 * Whether an entry with these attributes is a symbolic link or a junction. Files and directories of OneDrive, for
 * example, are reparse points too, but no links.
 */
export function isLink(bindings: Bindings, path: string, attributes: number): boolean {
  if ((attributes & C.FILE_ATTRIBUTE_REPARSE_POINT) === 0) return false;
  const handle = bindings.createFile(path, C.FILE_READ_ATTRIBUTES, SHARE_ALL, C.OPEN_EXISTING, NOT_FOLLOWED);
  if (handle < 0) return false;
  const link = isSurrogate(bindings, handle);
  bindings.closeHandle(handle);
  return link;
}

/** Deletes a file or a link, even if it is read-only. */
export function unlink(bindings: Bindings, path: string): number {
  const result = retryWhileBusy(() => bindings.deleteFile(path));
  if (result !== -EPERM) return result;
  const attributes = bindings.getFileAttributes(path);
  if (attributes < 0) return result;
  if (attributes & C.FILE_ATTRIBUTE_DIRECTORY)
    return isLink(bindings, path, attributes) ? removeLink(bindings, path, attributes) : result;
  if ((attributes & C.FILE_ATTRIBUTE_READONLY) === 0) return result;
  return replaceReadOnly(bindings, path, attributes, () => bindings.deleteFile(path));
}

/** Deletes an empty directory, even if it is read-only. */
export function removeDirectory(bindings: Bindings, path: string): number {
  const attributes = bindings.getFileAttributes(path);
  if (attributes < 0) return attributes;
  if ((attributes & C.FILE_ATTRIBUTE_DIRECTORY) === 0) return -ENOTDIR;
  const remove = () => retryWhileBusy(() => bindings.removeDirectory(path));
  return attributes & C.FILE_ATTRIBUTE_READONLY
    ? replaceReadOnly(bindings, path, attributes, remove)
    : remove();
}

/** Creates a symbolic link. Returns -EPERM without Developer Mode or the privilege for it. */
export function symlink(bindings: Bindings, path: string, target: string, toDirectory: boolean): number {
  const flags = toDirectory ? C.SYMBOLIC_LINK_FLAG_DIRECTORY : 0;
  const spelled = target.replaceAll('/', '\\');
  const allowed = flags | C.SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE;
  const result = bindings.createSymbolicLink(path, spelled, allowed);
  // Windows before 10 1703 does not know the flag.
  return result === -EINVAL ? bindings.createSymbolicLink(path, spelled, flags) : result;
}

/** Attributes without that of a read-only file. */
export const writable = (attributes: number): number =>
  attributes & ~C.FILE_ATTRIBUTE_READONLY || C.FILE_ATTRIBUTE_NORMAL;
