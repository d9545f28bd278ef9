import path from 'node:path';
import { CopyError, systemError } from '../errors.ts';
import { EBUSY, EEXIST, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM } from '../platform/errno.ts';
import { childPath } from '../platform/paths.ts';
import { isRaw } from '../platform/raw-names.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import { type ListedEntry, listEntries, UNDECODABLE } from '../scan/entries.ts';
import { letOwnerWrite } from '../transfer/directories.ts';
import { isStillThere } from '../transfer/identity.ts';
import { NO_DIRECTORY, OpenedPath, openLevel } from '../transfer/opened-path.ts';

/** The errors of unlink for a directory. */
const IS_DIRECTORY = new Set([EISDIR, EPERM]);

/** The errors of rmdir if another process has deleted the directory meanwhile, or created something in it. */
const IS_IN_USE = new Set([ENOENT, ENOTDIR, ENOTEMPTY, EEXIST]);

export interface DeleterOptions {
  /** Whether to make a directory writable for its owner before something in it is deleted. */
  makesWritable?: boolean;
  /** Whether a file or link may be deleted. Called just before. If undefined, all may be deleted. */
  mayDelete?: (directory: Directory, name: string) => boolean;
  /** Whether directories are kept after everything in them was deleted. */
  keepsDirectories?: boolean;
  /** Called with the path of every file and link that was deleted. */
  onDeleted?: (path: string) => void;
  /** Called if something in a directory cannot be deleted: the rest is deleted then. If undefined, throws. */
  onError?: (error: unknown) => void;
}

const above = new FileStatus();
const below = new FileStatus();

/**
 * Throws if `child` is a mount point: it cannot be deleted, and its contents do not belong to the destination.
 */
function refuseMountPoint(system: System, parent: Directory, child: Directory): void {
  if (system.status(child, '.', true, below) < 0 || system.status(parent, '.', true, above) < 0) return;
  if (!(below.isMountRoot ?? below.device !== above.device)) return;
  throw new CopyError({
    code: 'EBUSY',
    reason:
      'it is to be deleted, and another filesystem or directory is mounted there; unmount it, or name it in "keep" (--keep)',
    destination: child.path,
    errno: EBUSY,
  });
}

/**
 * Deletes entries by names relative to directories that it opened one below the other. It follows no symbolic link
 * below the first directory: what a link leads to does not belong to the destination, even if the link replaces a
 * directory during the deletion. On systems that address files by path (Windows, `node:fs`), it checks the directory
 * just before it deletes, and cannot detect a link that is created between the two calls.
 */
export class Deleter {
  readonly #system: System;
  readonly #options: DeleterOptions;
  readonly #path: OpenedPath;
  /** The status of each directory without a descriptor, from when it was opened. */
  readonly #opened = new WeakMap<Directory, FileStatus>();

  constructor(system: System, options: DeleterOptions = {}) {
    this.#system = system;
    this.#path = new OpenedPath(system);
    this.#options = options;
  }

  /**
   * Opens `directory`, which is `root` or is inside it. The result is valid until the next call. Returns a negative
   * error number if it fails.
   */
  open(root: string, directory: string): Directory | number {
    const relative = path.relative(root, directory);
    const names = [root, ...(relative === '' ? [] : relative.split(path.sep))];
    const opened = this.#path.open(names, (name, parent) => {
      const level = openLevel(this.#system, name, parent);
      if (typeof level !== 'number') this.#remember(level.directory);
      return level;
    });
    return typeof opened === 'number' ? opened : opened.directory;
  }

  close(): void {
    this.#path.close();
  }

  /** Deletes a file or a link. Returns how many were deleted: 0 if it is gone, or is now a directory. */
  deleteFile(directory: Directory, name: string): number {
    const { makesWritable, mayDelete, onDeleted } = this.#options;
    if (mayDelete && !mayDelete(directory, name)) return 0;
    if (makesWritable) letOwnerWrite(this.#system, directory);
    const result = this.#isThere(directory) ? this.#system.unlink(directory, name) : -ENOENT;
    if (result >= 0) {
      onDeleted?.(childPath(directory, name));
      return 1;
    }
    if (result === -ENOENT) this.#refuseUnnamable(directory, name);
    else if (!this.#isDirectory(result, directory, name))
      throw this.#error(result, directory, name, 'unlink');
    return 0;
  }

  /**
   * Deletes a file, a link, or a directory with everything in it. Returns how many files and links were deleted. Yields
   * after each of them, so that the caller can pause.
   */
  *deleteEntry(directory: Directory, name: string, isDirectory: boolean): Generator<undefined, number> {
    if (isDirectory) return yield* this.#deleteTree(directory, name);
    const deleted = this.deleteFile(directory, name);
    yield;
    return deleted;
  }

  /** Like {@link deleteEntry}, in `directory`, which is `root` or is inside it. */
  *deleteIn(root: string, directory: string, entry: ListedEntry): Generator<undefined, number> {
    const opened = this.open(root, directory);
    if (typeof opened !== 'number') return yield* this.deleteEntry(opened, entry.name, entry.isDirectory());
    // The directory was moved, or another entry has replaced it.
    if (NO_DIRECTORY.has(-opened)) return 0;
    throw systemError(-opened, { destination: directory, syscall: 'open' });
  }

  /** Deletes a directory if it is empty. Returns whether it was deleted. */
  deleteEmpty(directory: Directory, name: string): boolean {
    return this.#isThere(directory) && this.#system.removeDirectory(directory, name) >= 0;
  }

  *#deleteTree(parent: Directory, name: string): Generator<undefined, number> {
    const system = this.#system;
    const { makesWritable, keepsDirectories } = this.#options;
    if (makesWritable) letOwnerWrite(system, parent);
    const child = this.#isThere(parent) ? system.openChild(parent, name) : -ENOENT;
    if (typeof child === 'number') {
      // It is now a file or a link, which is deleted itself.
      if (NO_DIRECTORY.has(-child)) return this.deleteFile(parent, name);
      throw this.#error(child, parent, name, 'open');
    }
    let deleted = 0;
    try {
      this.#remember(child);
      if (!keepsDirectories) refuseMountPoint(system, parent, child);
      if (makesWritable) letOwnerWrite(system, child);
      for (const entry of listEntries(child.path)) {
        try {
          deleted += yield* this.deleteEntry(child, entry.name, entry.isDirectory());
        } catch (error) {
          this.#collect(error);
        }
      }
    } catch (error) {
      this.#collect(error);
      return deleted;
    } finally {
      system.closeDirectory(child);
    }
    if (keepsDirectories) return deleted;
    const result = this.#isThere(parent) ? system.removeDirectory(parent, name) : -ENOENT;
    if (result < 0 && !IS_IN_USE.has(-result)) this.#collect(this.#error(result, parent, name, 'rmdir'));
    return deleted;
  }

  #collect(error: unknown): void {
    if (!this.#options.onError) throw error;
    this.#options.onError(error);
  }

  #isDirectory(errno: number, directory: Directory, name: string): boolean {
    if (!IS_DIRECTORY.has(-errno)) return false;
    const child = this.#system.openChild(directory, name);
    if (typeof child === 'number') return false;
    this.#system.closeDirectory(child);
    return true;
  }

  #remember(directory: Directory): void {
    if (directory.fd >= 0) return;
    const status = new FileStatus();
    if (this.#system.status(directory, '.', true, status) >= 0) this.#opened.set(directory, status);
  }

  /** Whether the path still leads to the directory that was opened. A descriptor always refers to it. */
  #isThere(directory: Directory): boolean {
    const opened = this.#opened.get(directory);
    return directory.fd >= 0 || (opened !== undefined && isStillThere(this.#system, directory, opened));
  }

  /**
   * Throws if the entry exists but cannot be named: where names cannot be passed as bytes, an entry whose name is not
   * Unicode is listed but cannot be deleted.
   */
  #refuseUnnamable(directory: Directory, name: string): void {
    if (!isRaw(name) && !name.includes(UNDECODABLE)) return;
    const stands = listEntries(directory.path).some((entry) => entry.name === name);
    if (!stands || !this.#isThere(directory)) return;
    const destination = childPath(directory, name);
    throw new CopyError({
      code: 'EILSEQ',
      reason: 'it cannot be deleted, because its name is not valid Unicode: delete or rename it by hand',
      destination,
      syscall: 'unlink',
    });
  }

  #error(errno: number, directory: Directory, name: string, syscall: string): CopyError {
    return systemError(-errno, { destination: childPath(directory, name), syscall });
  }
}
