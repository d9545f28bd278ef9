import { CopyError, type CopyErrorDetails, errorCode, systemError } from '../errors.ts';
import { EEXIST, EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP, EPERM } from '../platform/errno.ts';
import type { FileStatus } from '../platform/status.ts';
import type { Errno, System } from '../platform/system.ts';
import { type DecideQuery, type Decision, decide, isSameLink } from './decide.ts';
import {
  creationMode,
  hasAttributesOf,
  NOTHING_CHOSEN,
  type OnLost,
  type Preserved,
  setAttributes,
} from './metadata.ts';
import { type BothPaths, mayReplace, pathsOf } from './pair.ts';
import { publish } from './publish.ts';
import { withRefusedName } from './refused-name.ts';
import { temporaryName } from './temporary.ts';

/** A link or a special file: it has no bytes to copy, and one system call creates it. */
export interface NodeQuery extends DecideQuery {
  /** The status of the source. */
  source: FileStatus;
}

/** The outcome. `leftOut` is the reason why it cannot be created. */
export type NodeOutcome = 'kept' | 'made' | { leftOut: CopyErrorDetails };

/**
 * Copies a symbolic link as a link. If the destination is the same link already, it is kept and gets the source's
 * owner.
 */
export function copyLink(system: System, query: NodeQuery, keep: Preserved, lost: OnLost): 'kept' | 'made' {
  const { pair, name, as, source, destination } = query;
  const decision = decide(system, query);
  const own = (under: string) => {
    if (!keep.ownership) return;
    const result = system.setLinkOwner?.(pair.destination, under, source) ?? -ENOTSUP;
    if (result < 0) lost('ownership', -result);
  };
  if (decision === 'keep') {
    const isOthers = keep.ownership && destination.isLink && !destination.hasOwnerOf(source);
    if (isOthers && mayReplace(query) && isSameLink(system, query)) {
      own(as);
      system.status(pair.destination, as, false, destination);
    }
    return 'kept';
  }
  const target = system.readLink(pair.source, name);
  if (typeof target === 'number') throw readError(-target, query);
  const made = put(system, query, decision, {
    make: (temporary) => system.symlink(pair.destination, temporary, target, source),
    finish: own,
  });
  if (made === 'exists') return copyLink(system, query, keep, lost);
  if (typeof made === 'number')
    throw withRefusedName(systemError(-made, { ...pathsOf(query), syscall: 'symlink' }));
  return made;
}

function readError(errno: number, query: NodeQuery): CopyError {
  const error = systemError(errno, { ...pathsOf(query), syscall: 'readlink' });
  if (errno !== EINVAL) return error;
  const reason = 'the source was a symbolic link, and something else took its place while it was copied';
  return new CopyError({ ...error.details, reason });
}

/** Errors of a filesystem that has no special files, or for a user who may not create them. */
const CANNOT_MAKE = new Set([EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EINVAL]);

/**
 * Creates a FIFO, a device or a socket as `cp -a` does. If the destination is the same already, it is kept and gets
 * the attributes of the source.
 */
export function copySpecial(system: System, query: NodeQuery, keep: Preserved, lost: OnLost): NodeOutcome {
  const { pair, as, source, destination } = query;
  const decision = decide(system, query);
  const setAll = (under: string) => setAttributesByName(system, under, query, keep, lost);
  if (decision === 'keep') {
    const isSame = destination.isSameSpecial(source) && mayReplace(query);
    if (isSame && !hasAttributesOf(keep, source, destination)) setAll(as);
    return 'kept';
  }
  const mode = creationMode(keep, source);
  const made = put(system, query, decision, {
    make: (temporary) => system.specialFiles?.make(pair.destination, temporary, source, mode) ?? -ENOTSUP,
    finish: setAll,
  });
  if (made === 'exists') return copySpecial(system, query, keep, lost);
  if (typeof made !== 'number') return made;
  const paths = pathsOf(query);
  if (!CANNOT_MAKE.has(-made)) throw systemError(-made, { ...paths, syscall: 'mknod' });
  return { leftOut: cannotMake(system, made, source, paths) };
}

/** Sets attributes by name, because opening a device may have an effect, and opening a FIFO may block forever. */
function setAttributesByName(
  system: System,
  under: string,
  query: NodeQuery,
  keep: Preserved,
  lost: OnLost,
): void {
  const { source, destination, pair } = query;
  const { destination: to } = pair;
  const files = system.specialFiles;
  const byName = {
    setOwner: (_fd: number, status: FileStatus) => files?.setOwner(to, under, status) ?? -ENOTSUP,
    setMode: (_fd: number, mode: number) => files?.setMode(to, under, mode) ?? -ENOTSUP,
    setTimes: (_fd: number, status: FileStatus) => files?.setTimes(to, under, status) ?? -ENOTSUP,
    fileStatus: (_fd: number, into: FileStatus) => system.status(to, under, false, into),
    copyAttributes: () => 0,
  };
  const fds = { source: -1, destination: -1 };
  const result = setAttributes(byName, keep, fds, source, destination, NOTHING_CHOSEN, lost);
  if (result < 0) throw systemError(-result, { ...pathsOf(query), syscall: 'set attributes' });
}

function cannotMake(
  system: System,
  errno: Errno,
  { specialKind }: FileStatus,
  paths: BothPaths,
): CopyErrorDetails {
  const lane = system.name === 'portable' ? 'without koffi' : `on ${system.name}`;
  const cause = system.specialFiles
    ? 'this user may not make it, or the filesystem cannot hold it; copy as root or to another filesystem'
    : `fs-reflink makes none ${lane}; copy it with cp -a`;
  const reason = `the source is ${specialKind}, and was left out: ${cause}, or exclude it ("ignore", --exclude)`;
  return { code: errorCode(-errno), reason, ...paths, errno: -errno, syscall: 'mknod' };
}

/**
 * Creates an entry under its final name, or under a temporary one that then replaces the existing entry. Returns
 * `exists` if another process has created an entry of that name meanwhile: the caller has to decide again. Returns
 * `kept` if the existing entry is not replaced, or if `finish` returned false: then the new entry is deleted again.
 * Returns a negative error number if nothing was created.
 */
export function put(
  system: System,
  query: NodeQuery,
  decision: Exclude<Decision, 'keep'>,
  { make, finish }: { make: (under: string) => Errno; finish: (under: string) => unknown },
): 'kept' | 'made' | 'exists' | Errno {
  const { pair, as, destination } = query;
  const isHidden = decision === 'replace';
  const under = isHidden ? temporaryName() : as;
  const made = make(under);
  if (made === -EEXIST && !isHidden) {
    pair.fresh = false;
    return 'exists';
  }
  if (made < 0) return made;
  pair.unsynced = true;
  let isPublished = false;
  try {
    if (finish(under) === false) return 'kept';
    isPublished = !isHidden || publish(system, query, under) !== false;
  } finally {
    if (!isPublished) system.unlink(pair.destination, under);
  }
  if (!isPublished) return 'kept';
  system.status(pair.destination, as, false, destination);
  return 'made';
}
