import type { Attribute, TransferSettings } from '../model/settings.ts';
import { EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP, EOVERFLOW, EPERM } from '../platform/errno.ts';
import { COARSEST_SECONDS, type FileStatus } from '../platform/status.ts';
import type { Directory, ExtendedAttributes, System, Transfer } from '../platform/system.ts';
import { discard } from './identity.ts';
import { temporaryName } from './temporary.ts';

const PERMISSIONS = 0o777;
const SPECIAL = 0o7000;
/** The umask of the process applies to this mode. */
export const NEW_FILE_MODE = 0o666;

/** The attributes that a copy preserves. */
export interface Preserved {
  mode: boolean;
  timestamps: boolean;
  ownership: boolean;
  special: boolean;
  /** Attributes of directories are preserved too, even if the directory existed before. */
  directories: boolean;
  /** Which extended attributes, if any. */
  extended: ExtendedAttributes | undefined;
}

export function preserved({ preserve, preserveDirectories }: TransferSettings): Preserved {
  const has = new Set(preserve);
  const [xattr, acl] = [has.has('xattr'), has.has('acl')];
  return {
    mode: has.has('mode'),
    timestamps: has.has('timestamps'),
    ownership: has.has('ownership'),
    special: has.has('special'),
    directories: preserveDirectories,
    extended: xattr || acl ? { xattr, acl } : undefined,
  };
}

/** The settings for the files of a target. `preserve` of the target, if given, replaces the setting of the copy. */
export function withPreserve(
  settings: TransferSettings,
  preserve: readonly Attribute[] | undefined,
): TransferSettings {
  return preserve ? { ...settings, preserve, preserveDirectories: true } : settings;
}

/** Called with an attribute that could not be set on a copy; `errno` is 0 if setting it succeeded without effect. */
export type OnLost = (attribute: Attribute, errno: number) => void;

/**
 * Errors of a filesystem that does not have an attribute, or for a user who may not set it (EINVAL, EOVERFLOW: the
 * user namespace, or the mount, has no number for the owner). The user is warned, and the copy succeeds.
 */
const CANNOT_HOLD = new Set([EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS]);
const CANNOT_OWN = new Set([...CANNOT_HOLD, EINVAL, EOVERFLOW]);

/** Attributes that are not to be preserved, but were chosen by a strategy that created the destination. */
export interface Chosen {
  /** The destination has the source's times. */
  times: boolean;
  /** The mode that the destination should have; undefined if it was created with the right one. */
  mode: number | undefined;
}

/** No strategy created the destination: its attributes are those of a new file. */
export const NOTHING_CHOSEN: Chosen = { times: false, mode: undefined };

/** The mode to create a destination with; the process's umask applies to it. */
export function creationMode(keep: Preserved, source: FileStatus): number {
  return keep.mode ? source.mode & PERMISSIONS : NEW_FILE_MODE;
}

/**
 * The default mode of a new file. Creates one to find out, because the process's umask cannot be read without
 * changing it for all threads. Returns a negative error number on failure.
 */
export function findDefaultMode(system: System, directory: Directory, into: FileStatus): number {
  const name = temporaryName();
  const fd = system.create(directory, name, NEW_FILE_MODE);
  if (fd < 0) return fd;
  const result = system.fileStatus(fd, into);
  discard(system, directory, name, fd);
  return result < 0 ? result : into.mode & PERMISSIONS;
}

/**
 * Sets the attributes that are to be preserved, the times after owner and extended attributes, so that an interrupted
 * copy never has its source's times. Attributes that were `chosen` but are not to be preserved become those of a new
 * file. Stores the destination's status in `destination`. Returns 0 or a negative error number. Calls `lost` for each
 * attribute that the destination cannot hold.
 */
export function setAttributes(
  system: Pick<System, 'setOwner' | 'copyAttributes' | 'setTimes' | 'fileStatus' | 'setMode'>,
  keep: Preserved,
  fds: { source: number; destination: number },
  source: FileStatus,
  destination: FileStatus,
  chosen: Chosen,
  lost: OnLost,
): number {
  const fd = fds.destination;
  const owned = keep.ownership ? system.setOwner(fd, source) : 0;
  if (owned < 0 && !CANNOT_OWN.has(-owned)) return owned;
  if (keep.extended) {
    const result = system.copyAttributes(fds.source, fd, keep.extended, lost);
    if (result < 0) return result;
  }
  const timed = keep.timestamps ? system.setTimes(fd, source) : 0;
  if (timed < 0 && !CANNOT_HOLD.has(-timed)) return timed;
  const status = system.fileStatus(fd, destination);
  if (status < 0) return status;
  // Some filesystems report success but do not keep the value.
  if (keep.ownership && (owned < 0 || !destination.hasOwnerOf(source))) lost('ownership', -owned);
  if (keep.timestamps && (timed < 0 || !isTimeKept(source, destination))) lost('timestamps', -timed);
  const fresh = chosen.times && !keep.timestamps;
  const wanted = wantedMode(keep, source, destination, chosen.mode);
  if (keep.special && source.mode & SPECIAL && !destination.hasOwnerOf(source)) lost('special', 0);
  if (!fresh && wanted === undefined) return 0;
  if (fresh) {
    destination.takeChangeTime();
    const result = system.setTimes(fd, destination);
    if (result < 0) return result;
  }
  const moded = wanted === undefined ? 0 : system.setMode(fd, wanted);
  if (moded < 0 && !CANNOT_HOLD.has(-moded)) return moded;
  const looked = system.fileStatus(fd, destination);
  if (looked < 0 || wanted === undefined) return looked;
  const differing = destination.mode ^ wanted;
  if (keep.mode && differing & PERMISSIONS) lost('mode', -moded);
  if (keep.special && differing & SPECIAL) lost('special', -moded);
  return looked;
}

function isTimeKept(source: FileStatus, destination: FileStatus): boolean {
  return Math.abs(source.modifiedSeconds - destination.modifiedSeconds) <= COARSEST_SECONDS;
}

/**
 * Whether a destination that got mode and times from a strategy needs nothing more. Stores its status in
 * `destination`, read by name, so that the file need not be opened again. `identify`: the status has to identify the
 * file.
 */
export function hasWantedAttributes(
  system: System,
  keep: Preserved,
  { destinationDirectory: directory, destinationName: name, status: source }: Transfer,
  destination: FileStatus,
  identify: boolean,
): boolean {
  if (!keep.timestamps || !keep.mode || keep.ownership || keep.extended) return false;
  const looked =
    identify || !system.quickStatus
      ? system.status(directory, name, false, destination)
      : system.quickStatus(directory, name, destination);
  if (looked < 0 || !isTimeKept(source, destination)) return false;
  return wantedMode(keep, source, destination) === undefined;
}

/**
 * Whether a destination already has all attributes that are to be preserved. Does not compare extended attributes.
 */
export function hasAttributesOf(keep: Preserved, source: FileStatus, destination: FileStatus): boolean {
  if (keep.timestamps && !source.isModifiedAtAbout(destination)) return false;
  if (keep.ownership && !destination.hasOwnerOf(source)) return false;
  return !(keep.mode || keep.special) || wantedMode(keep, source, destination) === undefined;
}

/** The mode to set, or undefined if the destination already has it. */
function wantedMode(
  keep: Preserved,
  source: FileStatus,
  destination: FileStatus,
  otherwise: number = destination.mode,
): number | undefined {
  const mask = PERMISSIONS | SPECIAL;
  // setuid makes sense only with the same owner.
  const sameOwner = destination.hasOwnerOf(source);
  // A directory inherits the setgid bit from its parent, and keeps it.
  const own = destination.isDirectory ? destination.mode & SPECIAL : 0;
  const special = !keep.special ? own : sameOwner ? source.mode & SPECIAL : 0;
  const permissions = (keep.mode ? source.mode : otherwise) & PERMISSIONS;
  const wanted = special | permissions;
  return (destination.mode & mask) === wanted ? undefined : wanted;
}
