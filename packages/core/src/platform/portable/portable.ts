import fs from 'node:fs';
import { EACCES, EINVAL, EISDIR, ELOOP, ENOTDIR, ENOTSUP, EPERM, errnoOf, isDenied } from '../errno.ts';
import { filesystemName, isPseudoFilesystem } from '../linux/filesystems.ts';
import { tryOr } from '../path-status.ts';
import { childPath, decoded, pathIn as join, readLinkTarget } from '../paths.ts';
import { PAIR } from '../posix/errors.ts';
import { isDense } from '../posix/read-write.ts';
import { onDisk } from '../raw-names.ts';
import { readSync } from '../read-sync.ts';
import { renameExclusively } from '../rename-exclusive.ts';
import type { FileStatus } from '../status.ts';
import type { ErrorClass, Strategy, System } from '../system.ts';
import { ALIGNMENT, copyThrough } from '../through-buffer.ts';

const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE, O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } = fs.constants;
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
const O_NONBLOCK = fs.constants.O_NONBLOCK ?? 0;
/** Whether this is Deno, whose node:fs copies where it should clone, and deletes empty directories as files. */
const IS_DENO = process.versions.deno !== undefined;

/** Runs a node:fs call. Returns its number or 0, or a negative error number if it throws, as a system call does. */
function answer(call: () => unknown): number {
  try {
    const result = call();
    return typeof result === 'number' ? result : 0;
  } catch (error) {
    return errorNumber(error);
  }
}

function errorNumber(error: unknown): number {
  if (isDenied(error)) return -EACCES;
  const { errno, code } = error as NodeJS.ErrnoException;
  // Node.js reports libuv's number, which is negative. Deno reports only the code of some errors.
  if (typeof errno === 'number' && errno < 0) return errno;
  // An error without a number becomes EINVAL.
  return -(errnoOf(code ?? '') ?? EINVAL);
}

/** The paths of the files and directories that are open, and whose attributes may be changed. */
const opened = new Map<number, string | Buffer>();

/** Opens a file whose attributes may be changed. */
function openAt(file: string | Buffer, flags: number, mode?: number): number {
  const fd = answer(() => fs.openSync(file, flags, mode));
  if (fd >= 0) opened.set(fd, file);
  return fd;
}

/**
 * Changes an attribute of an open file. Node.js' permission model allows that only by path. The attribute is lost if
 * the path has become that of another file.
 */
function changeOpen(fd: number, change: () => void, byPath: (file: string | Buffer) => void): number {
  try {
    change();
    return 0;
  } catch (error) {
    if (!isDenied(error)) return errorNumber(error);
  }
  const file = opened.get(fd);
  if (file === undefined || !leadsTo(file, fd)) return -ENOTSUP;
  const changed = answer(() => byPath(file));
  return changed === -EACCES ? -ENOTSUP : changed;
}

function leadsTo(file: string | Buffer, fd: number): boolean {
  return tryOr(false, () => {
    const there = fs.statSync(file, { bigint: true });
    const open = fs.fstatSync(fd, { bigint: true });
    return there.dev === open.dev && there.ino === open.ino;
  });
}

function classifyClone(errno: number): ErrorClass {
  if (PAIR.has(errno)) return 'pair';
  // EPERM: libuv sets the mode first, which not every filesystem can.
  return errno === EINVAL || errno === EPERM ? 'file' : 'fatal';
}

/**
 * Clones by node:fs: on Linux `COPYFILE_FICLONE_FORCE` succeeds only if `ioctl(FICLONE)` did. Deno ignores the flag
 * and copies.
 */
const clone: Strategy = {
  method: 'ficlone',
  syscall: 'copyfile(COPYFILE_FICLONE_FORCE)',
  clones: true,
  creates: true,
  classify: classifyClone,
  run: ({ sourceDirectory, sourceName, destinationDirectory, destinationName, status }) =>
    IS_DENO
      ? -ENOTSUP
      : answer(() => {
          fs.copyFileSync(
            join(sourceDirectory, sourceName),
            join(destinationDirectory, destinationName),
            COPYFILE_EXCL | COPYFILE_FICLONE_FORCE,
          );
          return status.size;
        }),
};

/** Bytes per read. Each thread has one buffer. */
const CHUNK = 1024 * 1024;
let buffer: Buffer | undefined;

/**
 * Copies by reading and writing. Not by copyFileSync: if the source is truncated meanwhile, libuv loops forever and
 * cannot be stopped.
 */
const copy: Strategy = {
  method: 'node_fs',
  syscall: 'read/write',
  classify: () => 'fatal',
  run(transfer) {
    const { destination, status } = transfer;
    // node:fs cannot find holes, so a file that has some is read to its end.
    const isSparse = !isDense(status);
    const calls = {
      buffer: (buffer ??= Buffer.allocUnsafeSlow(CHUNK)),
      read: (fd: number, into: Buffer, size: number, position: number) =>
        answer(() => readSync(fd, into, 0, size, position)),
      write: (bytes: Buffer, position: number) =>
        answer(() => fs.writeSync(destination, bytes, 0, bytes.length, position)),
      seek: () => 0,
    };
    const block = isSparse ? ALIGNMENT : 0;
    const copied = copyThrough(calls, transfer, Number.POSITIVE_INFINITY, 0, block);
    if (copied < 0 || !isSparse) return copied;
    const ended = answer(() => fs.ftruncateSync(destination, copied));
    return ended < 0 ? ended : copied;
  },
};

const cloning = [clone, copy];
const copying = [copy];
const always = [clone];

/**
 * The {@link System} by node:fs, if koffi cannot be loaded (WebContainers, `--no-addons`, a platform without a
 * prebuilt binary). Files are addressed by path. node:fs has no O_DIRECT and no extended attributes.
 */
export function portableSystem(nativeError: string | undefined): System {
  const system: System = {
    name: 'portable',
    nativeError,
    methods: { clone: 'ficlone', kernel: undefined, direct: undefined },
    hasExtendedAttributes: false,
    ladder: ({ reflink, cannotClone }) =>
      reflink === 'always' ? always : reflink === 'never' || cannotClone ? copying : cloning,

    openDirectory(directory) {
      const result = checkDirectory(onDisk(directory), fs.statSync);
      return result < 0 ? result : { path: directory, fd: -1 };
    },
    openChild(directory, name) {
      const result = checkDirectory(join(directory, name), fs.lstatSync);
      return result < 0 ? result : { path: childPath(directory, name), fd: -1 };
    },
    closeDirectory: () => {},
    makeDirectory: (directory, name, mode) => answer(() => fs.mkdirSync(join(directory, name), mode)),
    openForAttributes: (directory) =>
      // On Windows node:fs cannot open a directory.
      process.platform === 'win32' ? -ENOTSUP : openAt(onDisk(directory.path), O_RDONLY),

    openSource: (directory, name, follow) =>
      answer(() => fs.openSync(join(directory, name), O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW))),
    create: (directory, name, mode) => openAt(join(directory, name), O_WRONLY | O_CREAT | O_EXCL, mode),
    openCreated: (directory, name) => openAt(join(directory, name), O_RDONLY | O_NOFOLLOW),
    openExisting: (directory, name) => openAt(join(directory, name), O_WRONLY | O_NOFOLLOW | O_NONBLOCK),
    read: (fd, into, position) => answer(() => readSync(fd, into, 0, into.length, position)),
    write: (fd, bytes) => answer(() => fs.writeSync(fd, bytes)),
    close(fd) {
      opened.delete(fd);
      return answer(() => fs.closeSync(fd));
    },
    // The strategies read and write at explicit positions, so there is nothing to rewind.
    rewind: () => 0,
    reset: (_source, destination) => answer(() => fs.ftruncateSync(destination, 0)),

    status: (directory, name, follow, into) =>
      answer(() => into.fill((follow ? fs.statSync : fs.lstatSync)(join(directory, name), { bigint: true }))),
    fileStatus: (fd, into) => answer(() => into.fill(fs.fstatSync(fd, { bigint: true }))),
    isPseudo: (directory) => process.platform === 'linux' && isPseudoFilesystem(directory.path),
    isLayered: () => false,
    filesystem(directory) {
      const { type, bsize } = fs.statfsSync(onDisk(directory));
      const name = process.platform === 'linux' ? filesystemName(type) : `0x${type.toString(16)}`;
      return { name, type, blockSize: bsize };
    },
    directAlignment: () => -ENOTSUP,

    setMode: (fd, mode) =>
      changeOpen(
        fd,
        () => fs.fchmodSync(fd, mode),
        (file) => fs.chmodSync(file, mode),
      ),
    // On Windows node:fs does nothing, but reports success.
    setOwner: (fd, status) =>
      process.platform === 'win32'
        ? -ENOTSUP
        : changeOpen(
            fd,
            () => fs.fchownSync(fd, status.uid, status.gid),
            (file) => fs.chownSync(file, status.uid, status.gid),
          ),
    setTimes(fd, status) {
      const [accessed, modified] = [timeOf(status, 'accessed'), timeOf(status, 'modified')];
      return changeOpen(
        fd,
        () => fs.futimesSync(fd, accessed, modified),
        (file) => fs.utimesSync(file, accessed, modified),
      );
    },
    copyAttributes: () => -ENOTSUP,
    sync: (fd) => answer(() => fs.fdatasyncSync(fd)),
    syncDirectory: (directory) => answer(() => syncPath(directory.path)),

    rename: (directory, from, to) => answer(() => fs.renameSync(join(directory, from), join(directory, to))),
    renameExclusive: (directory, from, to): number =>
      renameExclusively(system, directory, from, to, {
        link: () => answer(() => fs.linkSync(join(directory, from), join(directory, to))),
      }),
    unlink: (directory, name) =>
      answer(() => {
        const file = join(directory, name);
        if (IS_DENO && fs.lstatSync(file).isDirectory()) return -EISDIR;
        fs.unlinkSync(file);
        return 0;
      }),
    removeDirectory: (directory, name) => answer(() => fs.rmdirSync(join(directory, name))),
    readLink: (directory, name) => readLinkTarget(join(directory, name)),
    link: (file, directory, name) => answer(() => fs.linkSync(onDisk(file), join(directory, name))),
    symlink(directory, name, target, status) {
      const file = join(directory, name);
      const result = answer(() => fs.symlinkSync(decoded(target), file));
      // Errors are ignored: not every filesystem keeps times of links, and nothing depends on them.
      if (result >= 0)
        answer(() => fs.lutimesSync(file, timeOf(status, 'accessed'), timeOf(status, 'modified')));
      return result;
    },
    setLinkOwner: (directory, name, { uid, gid }) =>
      process.platform === 'win32' ? -ENOTSUP : answer(() => fs.lchownSync(join(directory, name), uid, gid)),
  };
  return system;
}

/** Returns 0 for a directory, or a negative error number. */
function checkDirectory(directory: string | Buffer, stat: typeof fs.lstatSync): number {
  return answer(() => {
    const stats = stat(directory);
    return stats.isDirectory() ? 0 : stats.isSymbolicLink() ? -ELOOP : -ENOTDIR;
  });
}

/**
 * A time as node:fs takes it, with microseconds: a number of seconds is a double, which is too coarse for nanoseconds.
 * Node.js before 24 truncates it, so it must not be less than the microsecond that it means. For a time before 1970,
 * node:fs takes only a date, which has milliseconds; in Deno it must be a whole second.
 */
function timeOf(status: FileStatus, which: 'accessed' | 'modified'): number | Date {
  const [whole, nanoseconds] = [status[`${which}Seconds`], status[`${which}Nanoseconds`]];
  if (whole < 0) return new Date(whole * 1000 + (IS_DENO ? 0 : Math.floor(nanoseconds / 1e6)));
  const microseconds = Math.floor(nanoseconds / 1000);
  const seconds = whole + microseconds / 1e6;
  return (seconds - whole) * 1e6 >= microseconds ? seconds : seconds * (1 + Number.EPSILON);
}

function syncPath(directory: string): void {
  const fd = fs.openSync(onDisk(directory), O_RDONLY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
