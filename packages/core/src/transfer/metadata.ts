import type { Attribute, TransferSettings } from '../model/settings.ts';
import { EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP, EPERM } from '../platform/errno.ts';
import { COARSEST_SECONDS, type FileStatus } from '../platform/status.ts';
import type { Directory, ExtendedAttributes, System } from '../platform/system.ts';
import { discard } from './identity.ts';
import { temporaryName } from './temporary.ts';

const PERMISSIONS = 0o777;
const SPECIAL = 0o7000;
const DEFAULT_MODE = 0o666;

/** The attributes a copy carries over, looked up once. */
export interface Preserved {
  mode: boolean;
  timestamps: boolean;
  ownership: boolean;
  special: boolean;
  /** Attributes of directories are carried over too, also to those that were there before. */
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

/** The settings for files of a target, which may say itself what is carried over. */
export function withPreserve(
  settings: TransferSettings,
  preserve: readonly Attribute[] | undefined,
): TransferSettings {
  return preserve ? { ...settings, preserve, preserveDirectories: true } : settings;
}

/** Called with an attribute that a copy could not be given; `errno` is 0 where it was set without effect. */
export type OnLost = (attribute: Attribute, errno: number) => void;

/**
 * What a filesystem answers that does not have an attribute, or to a user who may not set it (EINVAL: an owner that
 * a user namespace has no number for). The user is warned: the bytes are right all the same.
 */
const CANNOT_HOLD = new Set([EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS]);
const CANNOT_OWN = new Set([...CANNOT_HOLD, EINVAL]);

/** Attributes a strategy that made the destination chose, and that are not to be carried over. */
export interface Chosen {
  /** The destination has the source's times. */
  times: boolean;
  /** The mode it should have had; undefined for a destination that was created with the right one. */
  mode: number | undefined;
}

/** The frame created the destination, as it should be. */
export const NOTHING_CHOSEN: Chosen = { times: false, mode: undefined };

/** The mode a destination is created with; the process's umask applies to it. */
export function creationMode(keep: Preserved, source: FileStatus): number {
  return keep.mode ? source.mode & PERMISSIONS : DEFAULT_MODE;
}

/**
 * The mode a new file gets when none is carried over, found by making one: the process's umask cannot be read
 * without changing it for all threads. Returns a negative error number when that fails.
 */
export function findDefaultMode(system: System, directory: Directory, into: FileStatus): number {
  const name = temporaryName();
  const fd = system.create(directory, name, DEFAULT_MODE);
  if (fd < 0) return fd;
  const result = system.fileStatus(fd, into);
  discard(system, directory, name, fd);
  return result < 0 ? result : into.mode & PERMISSIONS;
}

/**
 * Carries attributes over, the modification time last: a file whose copy was interrupted never has its
 * source's. What a strategy `carried` although it is not wanted is made as if the file had been written.
 * Leaves the destination's status in `destination`. Returns 0 or a negative error number; `lost` is called with what the
 * destination cannot hold.
 */
export function carryAttributes(
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
  // Some filesystems claim to have set what they do not keep.
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
 * Whether a destination that a strategy gave mode and times needs nothing more. Leaves its status in
 * `destination`; a name is enough for that, so that it is not opened again.
 */
export function isCarried(
  system: System,
  keep: Preserved,
  at: { directory: Directory; name: string; identify: boolean },
  source: FileStatus,
  destination: FileStatus,
): boolean {
  if (!keep.timestamps || !keep.mode || keep.ownership || keep.extended) return false;
  const { directory, name } = at;
  const looked =
    at.identify || !system.quickStatus
      ? system.status(directory, name, false, destination)
      : system.quickStatus(directory, name, destination);
  if (looked < 0 || !isTimeKept(source, destination)) return false;
  return wantedMode(keep, source, destination) === undefined;
}

/** Whether nothing would be carried over; extended attributes are not looked at. */
export function hasAttributesOf(keep: Preserved, source: FileStatus, destination: FileStatus): boolean {
  if (keep.timestamps && !source.isModifiedAtAbout(destination)) return false;
  if (keep.ownership && !destination.hasOwnerOf(source)) return false;
  return !keep.mode || wantedMode(keep, source, destination) === undefined;
}

/** The mode to set, or undefined when the file was created with the right one. */
function wantedMode(
  keep: Preserved,
  source: FileStatus,
  destination: FileStatus,
  otherwise: number = destination.mode,
): number | undefined {
  const mask = PERMISSIONS | SPECIAL;
  // setuid means something only for the same owner.
  const sameOwner = destination.hasOwnerOf(source);
  // A directory has the setgid bit from the one it was made in, and keeps it.
  const own = destination.isDirectory ? destination.mode & SPECIAL : 0;
  const special = !keep.special ? own : sameOwner ? source.mode & SPECIAL : 0;
  const permissions = (keep.mode ? source.mode : otherwise) & PERMISSIONS;
  const wanted = special | permissions;
  return (destination.mode & mask) === wanted ? undefined : wanted;
}
