import type { FileStatus } from '../platform/status.ts';

/** Nanoseconds: the resolution of times on exFAT (and of creation times on FAT), the finest of the coarse ones. */
const FINEST_COARSE = 10_000_000;
const SECOND = 1_000_000_000;

/**
 * rsync's quick check: both are regular files with the same size and modification time. On a filesystem with coarse
 * times a copy has the truncated time of its source: then the times count as the same if truncating the source's
 * gives the destination's.
 */
export function isAlike(source: FileStatus, destination: FileStatus): boolean {
  if (!destination.isRegular || !source.isRegular || source.size !== destination.size) return false;
  return source.isModifiedAtAbout(destination) || isCutOff(source, destination);
}

/**
 * Whether a destination was modified before its source, as far as the resolution of the destination's filesystem
 * shows.
 */
export function isOlder(destination: FileStatus, source: FileStatus): boolean {
  if (source.isModifiedAtAbout(destination) || isCutOff(source, destination)) return false;
  const seconds = source.modifiedSeconds - destination.modifiedSeconds;
  return seconds > 0 || (seconds === 0 && source.modifiedNanoseconds > destination.modifiedNanoseconds);
}

/**
 * Whether the destination's time is the source's, truncated by the destination's filesystem. No other difference
 * counts as the same: a torn file has the time at which it was written, which is later than its source's.
 */
function isCutOff(source: FileStatus, destination: FileStatus): boolean {
  const tick = tickOf(destination);
  if (tick === 0) return false;
  const seconds = source.modifiedSeconds - destination.modifiedSeconds;
  const later = seconds * SECOND + source.modifiedNanoseconds - destination.modifiedNanoseconds;
  // On Windows the FAT driver rounds up.
  return Math.abs(later) < tick && (later > 0 || (tick > SECOND && process.platform === 'win32'));
}

/**
 * The resolution of times that a file's filesystem seems to have, in nanoseconds; 0 if it is fine. Both times have to
 * fit: with fine times, a change time in whole hundredths of a second occurs once in millions.
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
