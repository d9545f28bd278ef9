import { statfsSync } from 'node:fs';
import { E2BIG, EACCES, EINVAL, ENOSYS, ENOTSUP, ENOTTY, EOPNOTSUPP, EPERM, ERANGE } from '../errno.ts';
import type { Memory } from '../posix/bindings.ts';
import { posixSystem } from '../posix/system.ts';
import type { ExtendedAttributes, System } from '../system.ts';
import { type Bindings, loadBindings } from './bindings.ts';
import { CLONE_FLAGS, CLONE_THRESHOLD, cloneDirectory } from './clonefile.ts';
import { constants as C, layouts } from './constants.ts';
import { statusCalls } from './status.ts';
import { strategies } from './strategies.ts';

/** Bytes of a page: with F_NOCACHE only whole pages go past the cache. */
const PAGE = process.arch === 'arm64' ? 16 * 1024 : 4 * 1024;

/** Throws if koffi cannot be loaded. */
export const loadLane = (): System => darwinSystem(loadBindings());

/** The {@link System} of macOS, by the functions of libSystem. Files of `cloneFrom` bytes and more are cloned. */
export function darwinSystem(bindings: Bindings, cloneFrom: number = CLONE_THRESHOLD): System {
  return {
    ...posixSystem(bindings, {
      ...statusCalls(bindings),
      constants: C,
      directoryFlags: C.O_RDONLY | C.O_DIRECTORY | C.O_CLOEXEC,
      copyAttributes: (source, destination, wanted, lost) =>
        copyAttributes(bindings, source, destination, wanted, lost),
      // On the fast path a clone has its source's mode (without setuid and setgid), times, extended attributes and
      // flags, and the owner and access control list of any new file, the same as on the careful path. Not by
      // `clonefileat`, which would clone a link, or a whole directory, that has replaced the file.
      cloneAs: (input, directory, name) => bindings.fclonefileat(input, directory, name, CLONE_FLAGS),
      cloneFrom,
      renameNew: (fd, from, to) => bindings.renameatx(fd, from, fd, to, C.RENAME_EXCL),
    }),
    name: 'darwin',
    methods: { clone: 'clonefile', kernel: 'copyfile', direct: 'nocache' },
    ladder: strategies(bindings, cloneFrom),
    cloneDirectory: cloneDirectory(bindings),

    isPseudo: () => false,
    isLayered: (directory) => isLayered(mountBy((buffer) => bindings.fstatfs(directory.fd, buffer))),
    filesystem(directory) {
      const { type, bsize } = statfsSync(directory);
      const mount = mountBy((buffer) => bindings.statfs(directory, buffer));
      return {
        name: mount?.name ?? `0x${type.toString(16)}`,
        type,
        blockSize: bsize,
        clones: mount && volumeClones(bindings, mount),
      };
    },
    directAlignment: () => PAGE,

    sync: (fd) => sync(bindings, fd),
    syncDirectory: (directory) => sync(bindings, directory.fd),
  };
}

/**
 * Errors after which an attribute is skipped, and the user is warned: the destination's filesystem or the caller's
 * rights do not allow it, or the filesystem keeps no attribute so large (E2BIG, ERANGE).
 */
const TOLERABLE = new Set([ENOTSUP, EOPNOTSUPP, EPERM, EACCES, ENOSYS, E2BIG, ERANGE]);

/**
 * Copies extended attributes and access control lists from one open file to another. Calls `lost` for each that was
 * refused.
 */
function copyAttributes(
  bindings: Bindings,
  source: number,
  destination: number,
  { xattr, acl }: ExtendedAttributes,
  lost: (attribute: 'xattr' | 'acl', errno: number) => void,
): number {
  // One at a time, because a refusal of one says nothing about the other.
  for (const [attribute, flag] of [
    ['xattr', xattr && C.COPYFILE_XATTR],
    ['acl', acl && C.COPYFILE_ACL],
  ] as const) {
    const result = flag ? bindings.fcopyfile(source, destination, flag) : 0;
    if (result >= 0) continue;
    if (!TOLERABLE.has(-result)) return result;
    lost(attribute, -result);
  }
  return 0;
}

/** Errors of a filesystem, or the device below it, that does not have this kind of flush. */
const CANNOT_FLUSH = new Set([EINVAL, ENOTSUP, EOPNOTSUPP, ENOTTY]);

/**
 * Flushes a file or directory to the disk. On macOS fsync() alone leaves the data in the drive's own cache, so it is
 * only the last resort; a barrier at least keeps the order of writes.
 */
function sync(bindings: Bindings, fd: number): number {
  const full = bindings.fcntl(fd, C.F_FULLFSYNC, 0);
  if (!CANNOT_FLUSH.has(-full)) return full;
  const barrier = bindings.fcntl(fd, C.F_BARRIERFSYNC, 0);
  return CANNOT_FLUSH.has(-barrier) ? bindings.fsync(fd) : barrier;
}

const STATFS = layouts['struct statfs'];
const CAPABILITIES = layouts.vol_capabilities_attr_t;

/** Bytes of the length in front of what getattrlist() returns. */
const LENGTH_BYTES = 4;

/** smbfs, NFS, WebDAV and the FUSE implementations: files in one directory may be on different disks. */
const LAYERED = new Set(['smbfs', 'nfs', 'webdav', 'macfuse', 'osxfuse', 'fuse-t']);

/** A mounted filesystem. */
interface Mount {
  /** `apfs`, `hfs`, `smbfs` … */
  name: string;
  /** Where it is mounted. */
  path: string;
}

/** The mount that `statfs` reports; undefined if the call fails. */
function mountBy(statfs: (buffer: Memory) => number): Mount | undefined {
  const buffer = Buffer.alloc(STATFS.size);
  if (statfs(buffer) < 0) return undefined;
  return {
    name: textAt(buffer, STATFS.f_fstypename, STATFS.f_mntonname),
    path: textAt(buffer, STATFS.f_mntonname, STATFS.f_mntfromname),
  };
}

function isLayered(mount: Mount | undefined): boolean {
  return mount !== undefined && LAYERED.has(mount.name);
}

/** Whether a volume reports that it can clone; undefined if it does not report that. */
function volumeClones(bindings: Bindings, { path }: Mount): boolean | undefined {
  const list = Buffer.alloc(layouts['struct attrlist'].size);
  list.writeUInt16LE(C.ATTR_BIT_MAP_COUNT, layouts['struct attrlist'].bitmapcount);
  list.writeUInt32LE(C.ATTR_VOL_INFO + C.ATTR_VOL_CAPABILITIES, layouts['struct attrlist'].volattr);
  const answer = Buffer.alloc(LENGTH_BYTES + CAPABILITIES.size);
  if (bindings.getattrlist(path, list, answer, answer.length, 0) < 0) return undefined;
  const has = (array: number) => {
    const interfaces = answer.readUInt32LE(LENGTH_BYTES + array + 4 * C.VOL_CAPABILITIES_INTERFACES);
    return (interfaces & C.VOL_CAP_INT_CLONE) !== 0;
  };
  return has(CAPABILITIES.valid) ? has(CAPABILITIES.capabilities) : undefined;
}

function textAt(buffer: Buffer, start: number, end: number): string {
  const terminator = buffer.indexOf(0, start);
  return buffer.toString('utf8', start, terminator < 0 ? end : Math.min(terminator, end));
}
