import { type Files, nameAs } from '../model/files.ts';
import { FileStatus } from '../platform/status.ts';
import type { System } from '../platform/system.ts';
import type { DirectoryPair, PairedFile } from '../transfer/pair.ts';
import { type ChangedNames, isAsRecorded, isKnown } from './record.ts';

/**
 * Filesystem timestamps come from a clock that ticks every few milliseconds. A file that was changed this shortly
 * before its stat call may change again without a visible difference. Such a file is not recorded.
 */
const TICK_MS = 50;
/** The same for filesystems that store whole seconds (FAT: two seconds). */
const COARSE_TICK_MS = 2500;

const source = new FileStatus();
const destination = new FileStatus();

/**
 * Whether a file is up to date: recorded when it was copied, and unchanged on both sides since, as in git's index.
 * Size and modification time alone are not enough, because package stores give every file the same time.
 */
export function isUnchanged(
  system: System,
  { pair, name, as }: PairedFile,
  follow: boolean,
  records: Uint32Array | undefined,
  position: number,
): boolean {
  if (!records || pair.fresh || !isKnown(records, position)) return false;
  if (system.status(pair.destination, as, false, destination) < 0) return false;
  if (!isAsRecorded(records, position, 'destination', destination)) return false;
  if (system.status(pair.source, name, follow, source) < 0) return false;
  return isAsRecorded(records, position, 'source', source);
}

/** A file of an open batch. `changed`: see {@link isOurs}. */
export function pairedFile(
  system: System,
  pair: DirectoryPair,
  // Not the records themselves: those of a batch move to shared memory when workers begin to take part.
  files: Files & { records: Uint32Array | undefined },
  position: number,
  changed: ChangedNames,
): PairedFile {
  const as = nameAs(files, position);
  const isOursNow = () => isOurs(system, pair, as, files.records, position, changed);
  return { pair, name: files.names[position]!, as, isOurs: isOursNow };
}

/**
 * Whether an earlier run created the destination file and nobody changed it since. Then it is added to `changed`, the
 * files of which this run replaces a name: the caller may replace it next.
 */
function isOurs(
  system: System,
  pair: DirectoryPair,
  as: string,
  records: Uint32Array | undefined,
  file: number,
  changed: ChangedNames,
): boolean {
  if (!records || pair.fresh || system.status(pair.destination, as, false, destination) < 0) return false;
  if (!isAsRecorded(records, file, 'destination', destination))
    return changed.explains(records, file, destination);
  if (destination.mayHaveLinks) changed.add(records, file);
  return true;
}

/**
 * Whether a later change of a file could have the same timestamps as the copied state: git calls this racily clean.
 */
export function isRacilyClean(status: FileStatus, lookedAtMs: number): boolean {
  const coarse = status.modifiedNanoseconds === 0 && status.changedNanoseconds === 0;
  return lookedAtMs - status.touchedMs < (coarse ? COARSE_TICK_MS : TICK_MS);
}
