import { EBUSY, EEXIST, EINVAL, ENAMETOOLONG, ENOENT, ENOSYS, ENOTDIR, ENOTSUP, EROFS } from '../errno.ts';
import type { LadderQuery, Strategy, Transfer } from '../system.ts';
import { copyThrough } from '../through-buffer.ts';
import type { Bindings, OnCopied } from './bindings.ts';
import { constants as C, layouts } from './constants.ts';
import { duplicateExtents } from './duplicate-extents.ts';
import { classifyCopy, classifyReadWrite } from './errors.ts';
import { eachRange, isSparse, setSize, setSparse, tellsHoles } from './sparse.ts';
import { attributesOf } from './status.ts';
import type { Volume, WindowsDirectory } from './volume.ts';

/** The build of Windows 11 24H2 and Server 2025. From this build on, CopyFileExW clones if it can. */
const CLONES_BY_ITSELF = 26_100;
/** The build of Windows 11 22H2, where CopyFileExW clones since an update of February 2024. */
const MAY_CLONE_BY_ITSELF = 22_621;

/**
 * In bytes. Up to this size CopyFileExW, which opens both files again, costs more than reading and writing the open
 * files.
 */
export const SMALL_FILE: number = 64 * 1024;

export interface LadderSettings {
  build: number;
  /** Whether a source was opened through a symbolic link. */
  isFollowed: (source: number) => boolean;
  /** The volume of an open source. */
  volumeOf: (source: number) => Volume | undefined;
}

/**
 * Chooses the ladder of a file: the strategies in the order of the attempts. There are a few fixed lists, so that
 * choosing costs little.
 */
export function strategies(
  bindings: Bindings,
  { build, isFollowed, volumeOf }: LadderSettings,
): (query: LadderQuery) => readonly Strategy[] {
  const clone = duplicateExtents(bindings);
  const cached = copyFileEx(bindings, { bypassCache: false, isFollowed });
  const uncached = copyFileEx(bindings, { bypassCache: true, isFollowed });
  const buffered = readWrite(bindings);

  const always = [clone];
  const full = [buffered];
  const small = [buffered, cached];
  const copying = [cached, buffered];
  const bypassing = [uncached, buffered];
  const cloning = [clone, cached, buffered];
  const bypassCloning = [clone, uncached, buffered];

  return ({ reflink, bypassCache, size, cannotClone, source }) => {
    if (reflink === 'always') return always;
    if (reflink === 'never' && build >= MAY_CLONE_BY_ITSELF) return full;
    const nothingToShare = reflink === 'never' || cannotClone || size === 0;
    const noClone = nothingToShare || build >= CLONES_BY_ITSELF;
    if (bypassCache) return noClone ? bypassing : bypassCloning;
    if (size <= SMALL_FILE && source !== undefined) {
      const mayBeShared = !nothingToShare && volumeOf(source)?.clones !== false;
      if (!mayBeShared && isOnlyBytes(bindings, source)) return small;
    }
    return noClone ? copying : cloning;
  };
}

/** In bytes. Copies of files of this size and more report progress and can be aborted. */
const LARGE = 16 * 1024 * 1024;

/** Errors of a copy that ended before it created its destination. */
const CREATED_NOTHING = new Set([EEXIST, EBUSY, ENOENT, ENOTDIR, EROFS, ENAMETOOLONG]);

/**
 * Copies by CopyFileExW, including alternate data streams and attributes. Since Windows 11 24H2 it clones by itself
 * if the volume can. `isFollowed` returns whether a source was opened through a symbolic link.
 */
export function copyFileEx(
  bindings: Bindings,
  { bypassCache, isFollowed }: { bypassCache: boolean; isFollowed: (source: number) => boolean },
): Strategy {
  return {
    method: 'copy_file_ex',
    syscall: 'CopyFileExW',
    creates: true,
    setsAttributes: true,
    classify: classifyCopy,
    run(transfer) {
      // CopyFileExW would write the holes as zeros.
      if (isSparse(bindings, transfer)) return -EINVAL;
      let flags = C.COPY_FILE_FAIL_IF_EXISTS;
      // Without this flag, a dangling link under the destination's name would be written through.
      if (!isFollowed(transfer.source)) flags |= C.COPY_FILE_COPY_SYMLINK;
      if (bypassCache) flags |= C.COPY_FILE_NO_BUFFERING;
      return copyByName(bindings, transfer, flags);
    },
  };
}

function copyByName(bindings: Bindings, transfer: Transfer, flags: number): number {
  const { sourceDirectory, sourceName, destinationDirectory, destinationName, status, progress } = transfer;
  const from = (sourceDirectory as WindowsDirectory).prefix + sourceName;
  const to = (destinationDirectory as WindowsDirectory).prefix + destinationName;
  let aborted: { error: unknown } | undefined;
  const onCopied: OnCopied | null =
    status.size < LARGE
      ? null
      : (bytes) => {
          try {
            progress(bytes);
            return true;
          } catch (error) {
            aborted = { error };
            return false;
          }
        };
  const result = bindings.copyFile(from, to, flags, onCopied);
  if (result >= 0) return status.size;
  // Some failures leave a partial file, which is deleted. A file that existed before or appeared meanwhile is not
  // touched.
  if (!CREATED_NOTHING.has(-result)) bindings.deleteFile(to);
  if (aborted) throw aborted.error;
  return result;
}

/** Bytes per ReadFile. */
const CHUNK = 256 * 1024;

/** Bytes: the unit in which NTFS allocates a sparse file. */
const SPARSE_BLOCK = 64 * 1024;

let buffer: Buffer | undefined;

/**
 * Copies through a buffer, one per thread: the fallback of all other strategies, the first one for small files, and
 * the one that keeps holes.
 */
function readWrite(bindings: Bindings): Strategy {
  return {
    method: 'read_write',
    syscall: 'ReadFile/WriteFile',
    classify: classifyReadWrite,
    run: (transfer) =>
      isSparse(bindings, transfer)
        ? copySparse(bindings, transfer)
        : copyBytes(bindings, transfer, transfer.status.size, 0),
  };
}

function copySparse(bindings: Bindings, transfer: Transfer): number {
  const { source, destination, status } = transfer;
  // Errors are ignored: if the destination cannot be sparse (FAT), the skipped parts read as zeros and take space.
  setSparse(bindings, destination, true);
  const sized = setSize(bindings, destination, status.size);
  if (sized < 0) return sized;
  if (!tellsHoles(bindings, transfer)) return copyBytes(bindings, transfer, status.size, 0, SPARSE_BLOCK);
  const result = eachRange(bindings, transfer, (start, end) => {
    const sought = bindings.setFilePointer(source, start);
    if (sought < 0) return sought;
    const copied = bindings.setFilePointer(destination, start);
    return copied < 0 ? copied : copyBytes(bindings, transfer, end - start, start);
  });
  return result < 0 ? result : status.size;
}

/**
 * Copies up to `size` bytes or to the end of the file; `already` bytes were copied before. If `block` is not 0, blocks
 * of zeros are not written: the file has to be sparse and have its length already.
 */
function copyBytes(bindings: Bindings, transfer: Transfer, size: number, already: number, block = 0): number {
  const { destination } = transfer;
  const calls = {
    buffer: (buffer ??= Buffer.allocUnsafeSlow(CHUNK)),
    read: bindings.readFile,
    write: (bytes: Buffer) => bindings.writeFile(destination, bytes, bytes.length),
    seek: (position: number) => bindings.setFilePointer(destination, position),
  };
  return copyThrough(calls, transfer, size, already, block);
}

/** Attributes that CopyFileExW preserves and a new file does not have. */
const COPIED_ATTRIBUTES =
  C.FILE_ATTRIBUTE_HIDDEN |
  C.FILE_ATTRIBUTE_SYSTEM |
  C.FILE_ATTRIBUTE_NOT_CONTENT_INDEXED |
  C.FILE_ATTRIBUTE_ENCRYPTED;

/** Errors of filesystems without alternate data streams. */
const NO_STREAMS = new Set([-EINVAL, -ENOTSUP, -ENOSYS]);

const { FILE_STREAM_INFO: STREAM, FILE_EA_INFORMATION: EA } = layouts;
/** Room for one stream with the name that all files have, `::$DATA`. */
const streams = new Uint32Array(16);
const extended = new Uint32Array(EA.size / 4);

/**
 * Whether an open file has nothing that only CopyFileExW preserves: alternate data streams, extended attributes, or
 * attributes that a new file does not have.
 */
function isOnlyBytes(bindings: Bindings, handle: number): boolean {
  const attributes = attributesOf(bindings, handle);
  return attributes >= 0 && hasOnlyBytes(bindings, handle, attributes);
}

/** Does the same for a file whose attributes are known. */
export function hasOnlyBytes(bindings: Bindings, handle: number, attributes: number): boolean {
  if ((attributes & COPIED_ATTRIBUTES) !== 0) return false;
  return hasOneStream(bindings, handle) && !hasExtendedAttributes(bindings, handle);
}

function hasOneStream(bindings: Bindings, handle: number): boolean {
  const result = bindings.getFileInformation(handle, C.FileStreamInfo, streams, streams.byteLength);
  return result < 0 ? NO_STREAMS.has(result) : streams[STREAM.NextEntryOffset / 4] === 0;
}

function hasExtendedAttributes(bindings: Bindings, handle: number): boolean {
  return bindings.getExtendedAttributesSize(handle, extended) >= 0 && extended[EA.EaSize / 4] !== 0;
}
