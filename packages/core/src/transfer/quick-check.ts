import type { FileStatus } from '../platform/status.ts';

/** To how many nanoseconds exFAT keeps times, and FAT that of creation: the finest of the filesystems with coarse times. */
const FINEST_COARSE = 10_000_000;
const SECOND = 1_000_000_000;

/**
 * rsync's quick check: both are files, of one size and modification time. On a filesystem that keeps times coarsely a
 * copy has its source's time cut off: there the times are the same if cutting off the source's gives the destination's.
 */
export function isAlike(source: FileStatus, destination: FileStatus): boolean {
  if (!destination.isRegular || !source.isRegular || source.size !== destination.size) return false;
  return source.isModifiedAtAbout(destination) || isCutOff(source, destination);
}

/** Whether a destination was modified before its source, as far as the destination's filesystem tells. */
export function isOlder(destination: FileStatus, source: FileStatus): boolean {
  if (source.isModifiedAtAbout(destination) || isCutOff(source, destination)) return false;
  const seconds = source.modifiedSeconds - destination.modifiedSeconds;
  return seconds > 0 || (seconds === 0 && source.modifiedNanoseconds > destination.modifiedNanoseconds);
}

/**
 * Whether the destination's time is the source's, cut off as its filesystem does it. No more than that counts as the
 * same: a torn file has the time at which it was written, which is later than its source's.
 */
function isCutOff(source: FileStatus, destination: FileStatus): boolean {
  const tick = tickOf(destination);
  if (tick === 0) return false;
  const seconds = source.modifiedSeconds - destination.modifiedSeconds;
  const later = seconds * SECOND + source.modifiedNanoseconds - destination.modifiedNanoseconds;
  // FAT's driver in Windows rounds up.
  return Math.abs(later) < tick && (later > 0 || (tick > SECOND && process.platform === 'win32'));
}

/**
 * How coarsely a file's filesystem seems to keep times, in nanoseconds; 0: finely. Both times tell: where they are kept
 * finely, a change time in whole hundredths of a second comes up once in millions.
 */
function tickOf({
  modifiedSeconds,
  modifiedNanoseconds,
  changedSeconds,
  changedNanoseconds,
}: FileStatus): number {
  if (modifiedNanoseconds % FINEST_COARSE !== 0 || changedNanoseconds % FINEST_COARSE !== 0) return 0;
  if (modifiedNanoseconds !== 0) return FINEST_COARSE;
  return modifiedSeconds % 2 === 0 && changedSeconds % 2 === 0 ? 2 * SECOND : SECOND;
}
