import type { Memory } from '../posix/bindings.ts';
import type { Bindings } from './bindings.ts';
import { constants as C, layouts } from './constants.ts';

const STATFS = layouts['struct statfs'];
const CAPABILITIES = layouts.vol_capabilities_attr_t;

/** Bytes of the length in front of what getattrlist() returns. */
const LENGTH_BYTES = 4;

/** smbfs, NFS, WebDAV and the FUSE implementations: files in one directory may be on different disks. */
const LAYERED = new Set(['smbfs', 'nfs', 'webdav', 'macfuse', 'osxfuse', 'fuse-t']);

/** A mounted filesystem. */
export interface Mount {
  /** `apfs`, `hfs`, `smbfs` … */
  name: string;
  /** Where it is mounted. */
  path: string;
}

/** The mount that `statfs` reports; undefined if the call fails. */
export function mountBy(statfs: (buffer: Memory) => number): Mount | undefined {
  const buffer = Buffer.alloc(STATFS.size);
  if (statfs(buffer) < 0) return undefined;
  return {
    name: textAt(buffer, STATFS.f_fstypename, STATFS.f_mntonname),
    path: textAt(buffer, STATFS.f_mntonname, STATFS.f_mntfromname),
  };
}

export function isLayered(mount: Mount | undefined): boolean {
  return mount !== undefined && LAYERED.has(mount.name);
}

/** Whether a volume reports that it can clone; undefined if it does not report that. */
export function volumeClones(bindings: Bindings, { path }: Mount): boolean | undefined {
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
