import { EINVAL, ENOSYS, ENOTSUP } from '../errno.ts';
import type { Bindings } from './bindings.ts';
import { constants as C, layouts } from './constants.ts';
import { attributesOf } from './status.ts';

/** Attributes that CopyFileExW preserves and a new file does not have. */
const CARRIED =
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
export function isOnlyBytes(bindings: Bindings, handle: number): boolean {
  const attributes = attributesOf(bindings, handle);
  return attributes >= 0 && hasOnlyBytes(bindings, handle, attributes);
}

/** Does the same for a file whose attributes are known. */
export function hasOnlyBytes(bindings: Bindings, handle: number, attributes: number): boolean {
  if ((attributes & CARRIED) !== 0) return false;
  return hasOneStream(bindings, handle) && !hasExtendedAttributes(bindings, handle);
}

function hasOneStream(bindings: Bindings, handle: number): boolean {
  const result = bindings.getFileInformation(handle, C.FileStreamInfo, streams, streams.byteLength);
  return result < 0 ? NO_STREAMS.has(result) : streams[STREAM.NextEntryOffset / 4] === 0;
}

function hasExtendedAttributes(bindings: Bindings, handle: number): boolean {
  return bindings.getExtendedAttributesSize(handle, extended) >= 0 && extended[EA.EaSize / 4] !== 0;
}
