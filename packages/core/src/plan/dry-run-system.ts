import path from 'node:path';
import { systemError } from '../errors.ts';
import { EEXIST, ENOENT, ENOTDIR, ENOTEMPTY, EROFS } from '../platform/errno.ts';
import { childPath } from '../platform/paths.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, Errno, System } from '../platform/system.ts';
import { listEntries, lstatIfThere } from '../scan/entries.ts';
import { openDirectory, statusIn } from '../transfer/opened-path.ts';
import type { BothPaths } from '../transfer/pair.ts';
import { standsInTheWay } from '../transfer/tree.ts';

/** The upper half of an inode number that no file has. */
const NO_INODE = 0xffff_ffff;
const REGULAR = 0o100000;

/** The number of files that were noted. Each is noted as a number of its own, because a status takes a kilobyte. */
let files = 0;

/** What would be at a path: nothing, a new file, or what has this status. */
type Expected = 'nothing' | number | FileStatus;

/**
 * The system of a dry run, on top of a `real` one. It changes nothing on the disk: it notes what a copy deletes, creates
 * and links, and from then on answers as if that had been done. Systems with the same `changes` share these notes.
 */
export function dryRunSystem(real: System, changes: Map<string, Expected> = new Map()): System {
  /** Directories that do not exist on the disk. */
  const imaginary = new WeakSet<Directory>();
  const status = new FileStatus();

  /** Returns undefined if nothing has changed at this path. */
  const expectedAt = (file: string): Expected | undefined => {
    for (let current = file; ; current = path.dirname(current)) {
      const expected = changes.get(current);
      // A new directory has only the entries that were noted too.
      if (expected) return current === file ? expected : 'nothing';
      if (path.dirname(current) === current) return undefined;
    }
  };

  const open = (file: string, openReal: () => Directory | Errno): Directory | Errno => {
    const expected = expectedAt(file);
    if (!expected) return openReal();
    if (expected === 'nothing') return -ENOENT;
    if (typeof expected === 'number' || !expected.isDirectory) return -ENOTDIR;
    const directory = { path: file, fd: -1 };
    imaginary.add(directory);
    return directory;
  };

  const statusOf: System['status'] = (directory, name, follow, into) => {
    const expected = changes.get(name === '.' ? directory.path : childPath(directory, name));
    if (!expected && !imaginary.has(directory)) return real.status(directory, name, follow, into);
    if (!expected || expected === 'nothing') return -ENOENT;
    if (typeof expected === 'number') into.fillIdentity(REGULAR, 0, expected, NO_INODE);
    else into.words.set(expected.words);
    return 0;
  };

  /** Notes a new entry that has the status of another one. */
  const add = (directory: Directory, name: string, like: FileStatus): void => {
    const added = new FileStatus();
    added.words.set(like.words);
    changes.set(childPath(directory, name), added);
  };

  const unlink = (directory: Directory, name: string): Errno => {
    const found = statusOf(directory, name, false, status);
    if (found >= 0) changes.set(childPath(directory, name), 'nothing');
    return found;
  };

  const rename = (directory: Directory, from: string, to: string): Errno => {
    changes.set(childPath(directory, to), changes.get(childPath(directory, from))!);
    changes.delete(childPath(directory, from));
    return 0;
  };

  const makeRoot = (root: string, paths: BothPaths): number => {
    const opened = system.openDirectory(root);
    const parent = path.dirname(root);
    if (typeof opened !== 'number') {
      system.closeDirectory(opened);
      return 0;
    }
    if (opened === -ENOTDIR) throw standsInTheWay(root, paths);
    if (opened !== -ENOENT || parent === root || (!expectedAt(root) && lstatIfThere(root)))
      throw systemError(-opened, { ...paths, syscall: 'stat' });
    const made = makeRoot(parent, paths) + 1;
    const directory = openDirectory(system, parent, paths);
    system.makeDirectory(directory, path.basename(root), 0);
    system.closeDirectory(directory);
    return made;
  };

  const system: System = {
    ...real,
    copyNewFile: undefined,
    expected: {
      create: (directory, name) => void changes.set(childPath(directory, name), ++files),
      makeRoot: (root, source) => makeRoot(root, { source, destination: root }),
      isDeleted: (file) => expectedAt(file) === 'nothing',
      over: (other) => dryRunSystem(other, changes),
    },
    openDirectory: (directory) => open(directory, () => real.openDirectory(directory)),
    openChild: (directory, name) => open(childPath(directory, name), () => real.openChild(directory, name)),
    closeDirectory(directory) {
      if (!imaginary.has(directory)) real.closeDirectory(directory);
    },
    makeDirectory(directory, name) {
      if (statusOf(directory, name, false, status) >= 0) return -EEXIST;
      const found = statusOf(directory, '.', true, status);
      if (found >= 0) add(directory, name, status);
      return found;
    },
    status: statusOf,
    unlink,
    removeDirectory(directory, name) {
      const child = childPath(directory, name);
      const isEmpty = listEntries(child).every(
        (entry) => changes.get(childPath({ path: child }, entry.name)) === 'nothing',
      );
      return isEmpty ? unlink(directory, name) : -ENOTEMPTY;
    },
    rename,
    renameExclusive: (directory, from, to) =>
      statusOf(directory, to, false, status) >= 0 ? -EEXIST : rename(directory, from, to),
    link(file, directory, name) {
      const found = statusIn(system, path.dirname(file), path.basename(file), status);
      if (found >= 0) add(directory, name, status);
      return found;
    },
    syncDirectory: () => 0,
    // Nothing else is written: no file is opened for writing, and no other entry is created or changed.
    create: refuse,
    openCreated: refuse,
    openForAttributes: refuse,
    symlink: refuse,
    ...(real.openExisting && { openExisting: refuse }),
    ...(real.setLinkOwner && { setLinkOwner: refuse }),
    ...(real.cloneDirectory && { cloneDirectory: { ...real.cloneDirectory, run: refuse } }),
    ...(real.specialFiles && {
      specialFiles: { make: refuse, setMode: refuse, setOwner: refuse, setTimes: refuse },
    }),
  };
  return system;
}

const refuse = (): Errno => -EROFS;
