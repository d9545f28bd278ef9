import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EINVAL, ELOOP, ENOTDIR, ENOTSUP, EPERM } from '../errno.ts';
import { readLinkTarget } from '../paths.ts';
import type { FileStatus } from '../status.ts';
import type { Directory, System } from '../system.ts';
import { type Bindings, loadBindings } from './bindings.ts';
import {
  constants as C,
  CREATE_ACCESS,
  CREATE_SHARE,
  NOT_FOLLOWED,
  READ_WRITE,
  SHARE_ALL,
} from './constants.ts';
import { isLink, removeDirectory, rename, retryWhileBusy, symlink, unlink, writable } from './names.ts';
import { copyNewFile } from './new-file.ts';
import { setSize } from './sparse.ts';
import { attributesOf, isSurrogate, quickStatus, readStatus, setMode, setTimes } from './status.ts';
import { strategies } from './strategies.ts';
import { filesystemOf, type Volume, volumeOf, type WindowsDirectory } from './volume.ts';

const windowsBuild = (): number => Number(os.release().split('.')[2]);

/** Throws if koffi cannot be loaded. */
export const loadLane = (): System => win32System(loadBindings());

/**
 * The {@link System} of Windows, by its functions. Handles are used as descriptors. Files are addressed by paths in
 * the form `\\?\`, which may be longer than 260 characters and keeps every name unchanged.
 */
export function win32System(bindings: Bindings, build: number = windowsBuild()): System {
  /** The volumes of open files. To query them again would cost as much as copying a small file. */
  const volumes = new Map<number, Volume>();
  const followed = new Set<number>();
  /** Statuses of links that lead to directories: Windows has one kind of link for files and one for directories. */
  const directoryLinks = new WeakSet<FileStatus>();

  const open = (file: string, access: number, flags: number): number =>
    retryWhileBusy(() => bindings.createFile(file, access, SHARE_ALL, C.OPEN_EXISTING, flags));
  const remember = (handle: number, volume: Volume): number => {
    if (handle >= 0) volumes.set(handle, volume);
    return handle;
  };
  const close = (handle: number): number => {
    volumes.delete(handle);
    followed.delete(handle);
    return bindings.closeHandle(handle);
  };

  return {
    name: 'win32',
    methods: { clone: 'duplicate_extents', kernel: 'copy_file_ex', direct: 'copy_file_ex' },
    hasExtendedAttributes: false,
    ladder: strategies(bindings, {
      build,
      isFollowed: (source) => followed.has(source),
      volumeOf: (source) => volumes.get(source),
    }),

    copyNewFile: copyNewFile(bindings),

    openDirectory(directory) {
      const complete = path.toNamespacedPath(directory);
      const handle = open(complete, C.FILE_READ_ATTRIBUTES, C.FILE_FLAG_BACKUP_SEMANTICS);
      if (handle < 0) return handle;
      const attributes = attributesOf(bindings, handle);
      const volume = volumeOf(bindings, handle);
      bindings.closeHandle(handle);
      if (attributes < 0) return attributes;
      if ((attributes & C.FILE_ATTRIBUTE_DIRECTORY) === 0) return -ENOTDIR;
      return opened(directory, complete.endsWith('\\') ? complete : `${complete}\\`, volume);
    },
    openChild(directory, given) {
      const name = String(given);
      const { prefix, volume, path: parent } = directory as WindowsDirectory;
      const attributes = bindings.getFileAttributes(prefix + name);
      if (attributes < 0) return attributes;
      if ((attributes & C.FILE_ATTRIBUTE_DIRECTORY) === 0) return -ENOTDIR;
      if (isLink(bindings, prefix + name, attributes)) return -ELOOP;
      return opened(path.join(parent, name), `${prefix}${name}\\`, volume);
    },
    // A directory is only a path here.
    closeDirectory: () => {},
    makeDirectory: (directory, name) => bindings.createDirectory(pathIn(directory, name)),
    openForAttributes: (directory) =>
      remember(
        open(
          pathIn(directory, '.'),
          C.FILE_READ_ATTRIBUTES | C.FILE_WRITE_ATTRIBUTES,
          C.FILE_FLAG_BACKUP_SEMANTICS,
        ),
        (directory as WindowsDirectory).volume,
      ),

    openSource(directory, name, follow) {
      const file = pathIn(directory, name);
      const handle = open(file, C.GENERIC_READ, follow ? C.FILE_FLAG_BACKUP_SEMANTICS : NOT_FOLLOWED);
      if (handle < 0) return handle;
      if (follow) {
        followed.add(handle);
        return remember(handle, volumeOf(bindings, handle));
      }
      const { volume } = directory as WindowsDirectory;
      const attributes = attributesOf(bindings, handle);
      if (attributes < 0 || (attributes & C.FILE_ATTRIBUTE_REPARSE_POINT) === 0)
        return remember(handle, volume);
      const link = isSurrogate(bindings, handle);
      bindings.closeHandle(handle);
      // A cloud file or a deduplicated file: open it again to read its content.
      return link ? -ELOOP : remember(open(file, C.GENERIC_READ, C.FILE_FLAG_BACKUP_SEMANTICS), volume);
    },
    create: (directory, name) =>
      remember(
        bindings.createFile(
          pathIn(directory, name),
          CREATE_ACCESS,
          CREATE_SHARE,
          C.CREATE_NEW,
          C.FILE_ATTRIBUTE_NORMAL,
        ),
        (directory as WindowsDirectory).volume,
      ),
    openCreated(directory, name) {
      const file = pathIn(directory, name);
      const { volume } = directory as WindowsDirectory;
      const handle = open(file, READ_WRITE, NOT_FOLLOWED);
      return remember(handle === -EPERM ? openReadOnly(bindings, file) : handle, volume);
    },
    read(handle, into, position) {
      const sought = bindings.setFilePointer(handle, position);
      return sought < 0 ? sought : bindings.readFile(handle, into, into.length);
    },
    write: (handle, bytes) => bindings.writeFile(handle, bytes, bytes.length),
    close,
    rewind: (handle) => bindings.setFilePointer(handle, 0),
    reset(source, destination) {
      const emptied = setSize(bindings, destination, 0);
      if (emptied < 0) return emptied;
      const rewound = bindings.setFilePointer(destination, 0);
      return rewound < 0 ? rewound : bindings.setFilePointer(source, 0);
    },

    status(directory, name, follow, into) {
      const flags = follow ? C.FILE_FLAG_BACKUP_SEMANTICS : NOT_FOLLOWED;
      const handle = open(pathIn(directory, name), C.FILE_READ_ATTRIBUTES, flags);
      if (handle < 0) return handle;
      const { volume } = directory as WindowsDirectory;
      // A link to the directory itself was followed when it was opened.
      const leads = follow && name !== '.';
      const result = readStatus(bindings, handle, leads ? volumeOf(bindings, handle) : volume, into);
      if (into.isLink && attributesOf(bindings, handle) & C.FILE_ATTRIBUTE_DIRECTORY)
        directoryLinks.add(into);
      else directoryLinks.delete(into);
      bindings.closeHandle(handle);
      return result;
    },
    fileStatus(handle, into) {
      const volume = volumes.get(handle);
      return volume ? readStatus(bindings, handle, volume, into) : -EINVAL;
    },
    quickStatus: (directory, name, into) => quickStatus(bindings, pathIn(directory, name), into),
    isPseudo: () => false,
    isLayered: () => false,
    filesystem: (directory) => filesystemOf(bindings, directory),
    directAlignment: () => -ENOTSUP,

    setMode: (handle, mode) => setMode(bindings, handle, mode),
    // Windows does not identify owners by numbers.
    setOwner: () => -ENOTSUP,
    setTimes: (handle, status) => setTimes(bindings, handle, status),
    copyAttributes: () => -ENOTSUP,
    sync: (handle) => bindings.flushFileBuffers(handle),
    syncDirectory: () => -ENOTSUP,

    rename: (directory, from, to) => rename(bindings, pathIn(directory, from), pathIn(directory, to), true),
    renameExclusive: (directory, from, to) =>
      rename(bindings, pathIn(directory, from), pathIn(directory, to), false),
    unlink: (directory, name) => unlink(bindings, pathIn(directory, name)),
    removeDirectory(directory, name) {
      const complete = pathIn(directory, name);
      const attributes = bindings.getFileAttributes(complete);
      if (attributes < 0) return attributes;
      return isLink(bindings, complete, attributes) ? -ENOTDIR : removeDirectory(bindings, complete);
    },
    link(file, directory, name) {
      try {
        fs.linkSync(file, pathIn(directory, name));
        return 0;
      } catch {
        return -ENOTSUP;
      }
    },
    readLink: (directory, name) => readLinkTarget(pathIn(directory, name)),
    symlink: (directory, name, target, status) =>
      symlink(bindings, pathIn(directory, name), target.toString(), directoryLinks.has(status)),
  };
}

const opened = (path: string, prefix: string, volume: Volume): WindowsDirectory => ({
  path,
  fd: -1,
  prefix,
  volume,
});

/** An absolute path, so that nothing is resolved for each file, and names keep their trailing dots and spaces. */
function pathIn(directory: Directory, name: string): string {
  const { prefix } = directory as WindowsDirectory;
  return name === '.' ? prefix : prefix + name;
}

/**
 * Opens a read-only file for writing. Clears the attribute only while it opens the file: the handle keeps its rights.
 */
function openReadOnly(bindings: Bindings, file: string): number {
  const attributes = bindings.getFileAttributes(file);
  if (attributes < 0 || (attributes & C.FILE_ATTRIBUTE_READONLY) === 0) return -EPERM;
  const cleared = bindings.setFileAttributes(file, writable(attributes));
  if (cleared < 0) return cleared;
  const handle = retryWhileBusy(() =>
    bindings.createFile(file, READ_WRITE, SHARE_ALL, C.OPEN_EXISTING, NOT_FOLLOWED),
  );
  bindings.setFileAttributes(file, attributes);
  return handle;
}
