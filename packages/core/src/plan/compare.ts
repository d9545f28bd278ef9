import { FileStatus } from '../platform/status.ts';
import type { System } from '../platform/system.ts';
import type { DirectoryPair } from '../transfer/pair.ts';
import { isAsRecorded, isKnown } from './record.ts';

/**
 * Timestamps are taken from a clock that ticks every few milliseconds: a file touched this shortly before it
 * was looked at may change again and look the same. Such a file is not recorded.
 */
const TICK_MS = 50;
/** Filesystems that keep whole seconds (FAT: two). */
const COARSE_TICK_MS = 2500;

const source = new FileStatus();
const destination = new FileStatus();

/**
 * Whether a file is already right: recorded when it was copied, and neither side touched since, as git's
 * index decides. Size and modification time alone are not enough: package stores give every file one constant
 * time.
 */
export function isUnchanged(
  system: System,
  pair: DirectoryPair,
  names: { name: string; as: string; follow: boolean },
  records: Uint32Array | undefined,
  file: number,
): boolean {
  if (!records || pair.fresh || !isKnown(records, file)) return false;
  if (system.status(pair.destination, names.as, false, destination) < 0) return false;
  if (!isAsRecorded(records, file, 'destination', destination)) return false;
  if (system.status(pair.source, names.name, names.follow, source) < 0) return false;
  return isAsRecorded(records, file, 'source', source);
}

/** Whether what stands in a file's place was put there by an earlier run and not touched since. */
export function isOurs(
  system: System,
  pair: DirectoryPair,
  as: string,
  records: Uint32Array | undefined,
  file: number,
): boolean {
  if (!records || pair.fresh || system.status(pair.destination, as, false, destination) < 0) return false;
  return isAsRecorded(records, file, 'destination', destination);
}

/** Whether a later change of a file could look like the state it was copied in. */
export function isRacilyClean(status: FileStatus, lookedAtMs: number): boolean {
  const coarse = status.modifiedNanoseconds === 0 && status.changedNanoseconds === 0;
  return lookedAtMs - status.touchedMs < (coarse ? COARSE_TICK_MS : TICK_MS);
}
