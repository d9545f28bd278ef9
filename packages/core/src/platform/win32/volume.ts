import { statfsSync } from 'node:fs';
import path from 'node:path';
import type { Directory, Filesystem } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C, layouts } from './constants.ts';

/** The volume that a directory or an open file is on. */
export interface Volume {
  readonly serial: number;
  /** Files on this volume can share blocks. Files on different volumes never can. */
  readonly clones: boolean;
  /** File numbers have 128 bits; shorter ones of 64 bits would not be unique. */
  readonly wide: boolean;
  /** Name of the filesystem; empty if the volume does not answer. */
  readonly name: string;
}

/** A directory with its volume, and the prefix of the paths of its entries. */
export interface WindowsDirectory extends Directory {
  readonly prefix: string;
  readonly volume: Volume;
}

/** Used for a volume that does not answer, such as some network drives. */
const UNKNOWN: Volume = { serial: 0, clones: false, wide: false, name: '' };

/** MAX_PATH + 1 characters, for the name of a filesystem. */
const NAME_LENGTH = 261;

const serial = new Uint32Array(1);
const flags = new Uint32Array(1);
const name = new Uint16Array(NAME_LENGTH);

/** The volume of an open file or directory. */
export function volumeOf(bindings: Bindings, handle: number): Volume {
  if (bindings.getVolumeInformationByHandle(handle, serial, flags, name) < 0) return UNKNOWN;
  const filesystem = text(name);
  return { serial: serial[0]!, clones: canClone(), wide: filesystem === 'ReFS', name: filesystem };
}

/**
 * The filesystem of a path. Locked, remote and optical drives may not report everything: then values are undefined,
 * or the name is `unknown`.
 */
export function filesystemOf(bindings: Bindings, directory: string): Filesystem {
  // As long as the path, because paths longer than MAX_PATH exist.
  const root = new Uint16Array(directory.length + NAME_LENGTH);
  const given = path.toNamespacedPath(directory);
  const isKnown =
    bindings.getVolumePathName(given, root) >= 0 &&
    bindings.getVolumeInformation(text(root), serial, flags, name) >= 0;
  if (!isKnown) return { name: 'unknown', type: 0, blockSize: statfsSync(directory).bsize };
  const clones = canClone();
  return {
    name: text(name),
    type: 0,
    blockSize: clusterSize(bindings, text(root)) ?? statfsSync(directory).bsize,
    clones,
    devDrive: isDevDrive(bindings, text(root)),
  };
}

/** The cluster size of a volume in bytes; undefined if it does not report it. `root` ends in a backslash. */
function clusterSize(bindings: Bindings, root: string): number | undefined {
  const sizes = new Uint32Array(4);
  return bindings.getDiskFreeSpace(root, sizes) < 0 ? undefined : sizes[0]! * sizes[1]!;
}

/**
 * Whether a volume is a Dev Drive. Undefined if the query is not known: before Windows 11 22H2, and on drives of
 * other computers.
 */
function isDevDrive(bindings: Bindings, root: string): boolean | undefined {
  const share = C.FILE_SHARE_READ | C.FILE_SHARE_WRITE | C.FILE_SHARE_DELETE;
  const handle = bindings.createFile(
    root,
    C.FILE_READ_ATTRIBUTES,
    share,
    C.OPEN_EXISTING,
    C.FILE_FLAG_BACKUP_SEMANTICS,
  );
  if (handle < 0) return undefined;
  const { size, FlagMask, Version } = layouts.FILE_FS_PERSISTENT_VOLUME_INFORMATION;
  const state = new Uint32Array(size / 4);
  state[FlagMask / 4] = C.PERSISTENT_VOLUME_STATE_DEV_VOLUME;
  state[Version / 4] = 1;
  const answer = new Uint32Array(size / 4);
  const code = C.FSCTL_QUERY_PERSISTENT_VOLUME_STATE;
  const result = bindings.deviceIoControl(handle, code, state, size, answer, size);
  bindings.closeHandle(handle);
  return result < size ? undefined : (answer[0]! & C.PERSISTENT_VOLUME_STATE_DEV_VOLUME) !== 0;
}

/** By the flag and not by the name: ReFS 1 cannot clone, and network drives have names of their own. */
const canClone = (): boolean => (flags[0]! & C.FILE_SUPPORTS_BLOCK_REFCOUNTING) !== 0;

function text(characters: Uint16Array): string {
  const end = characters.indexOf(0);
  return String.fromCharCode(...characters.subarray(0, end < 0 ? characters.length : end));
}
