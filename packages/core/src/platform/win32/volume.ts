import { statfsSync } from 'node:fs';
import path from 'node:path';
import type { Directory, Filesystem } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C, layouts } from './constants.ts';

/** The volume a directory or an open file is on. */
export interface Volume {
  readonly serial: number;
  /** Files on different volumes cannot share blocks, and on this one they can. */
  readonly clones: boolean;
  /** Its files have numbers of 128 bits, which those of 64 bits do not tell apart. */
  readonly wide: boolean;
}

/** A directory, with the beginning of the paths of what is in it. */
export interface WindowsDirectory extends Directory {
  readonly prefix: string;
  readonly volume: Volume;
}

/** What is known of a volume that does not answer: some network drives. */
const UNKNOWN: Volume = { serial: 0, clones: false, wide: false };

/** MAX_PATH, for a filesystem's name. */
const NAME_LENGTH = 261;

const serial = new Uint32Array(1);
const flags = new Uint32Array(1);
const name = new Uint16Array(NAME_LENGTH);

/** The volume of an open file or directory. */
export function volumeOf(bindings: Bindings, handle: number): Volume {
  if (bindings.getVolumeInformationByHandle(handle, serial, flags, name) < 0) return UNKNOWN;
  return { serial: serial[0]!, clones: canClone(), wide: text(name) === 'ReFS' };
}

/** What the filesystem of an open file is called; undefined when it does not say. */
export function volumeName(bindings: Bindings, handle: number): string | undefined {
  return bindings.getVolumeInformationByHandle(handle, serial, flags, name) < 0 ? undefined : text(name);
}

/** What the volume of a path says of itself. What it does not answer is left out: locked, remote, optical drives. */
export function filesystemOf(bindings: Bindings, directory: string): Filesystem {
  // As long as the path, not MAX_PATH: longer ones exist.
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

/** Bytes of the smallest part of a volume a file can occupy, if it says so. `root` ends in a backslash. */
export function clusterSize(bindings: Bindings, root: string): number | undefined {
  const sizes = new Uint32Array(4);
  return bindings.getDiskFreeSpace(root, sizes) < 0 ? undefined : sizes[0]! * sizes[1]!;
}

/** Undefined where the question is not known: before Windows 11 22H2, and on drives that are none of its own. */
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

/** Not the name: ReFS 1 cannot, and network drives have names of their own. */
const canClone = (): boolean => (flags[0]! & C.FILE_SUPPORTS_BLOCK_REFCOUNTING) !== 0;

function text(characters: Uint16Array): string {
  const end = characters.indexOf(0);
  return String.fromCharCode(...characters.subarray(0, end < 0 ? characters.length : end));
}
