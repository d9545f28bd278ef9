import { type FileStatus, SIGNATURE_WORDS } from '../platform/status.ts';

/** The number of 32-bit words in a record: the signature of the source, then that of the destination. */
export const RECORD_WORDS: number = SIGNATURE_WORDS * 2;
export const RECORD_BYTES: number = RECORD_WORDS * 4;

/** Copies a record to a position of other records. */
export function copyRecord(from: Uint32Array, file: number, to: Uint32Array, position: number): void {
  to.set(from.subarray(file * RECORD_WORDS, (file + 1) * RECORD_WORDS), position * RECORD_WORDS);
}

/** The records of the given files. */
export function chooseRecords(records: Uint32Array, files: readonly number[]): Uint32Array {
  const chosen = new Uint32Array(files.length * RECORD_WORDS);
  for (const [position, file] of files.entries()) copyRecord(records, file, chosen, position);
  return chosen;
}

/** Whether the state of the source is recorded: no file has a mode of 0. */
export function isKnown(records: Uint32Array, file: number): boolean {
  return records[file * RECORD_WORDS + SIGNATURE_WORDS - 1] !== 0;
}

/** Whether the state of the destination is recorded: no existing file has a mode of 0. */
export function isRecorded(records: Uint32Array, file: number): boolean {
  return records[(file + 1) * RECORD_WORDS - 1] !== 0;
}

/** Forgets the state of the source, so that the file is copied again. The destination still belongs to the copy. */
export function forgetSource(records: Uint32Array, file: number): void {
  records.fill(0, file * RECORD_WORDS, file * RECORD_WORDS + SIGNATURE_WORDS);
}

/** Whether two records contain the same state of the destination. */
export function isSameDestination(
  one: Uint32Array,
  file: number,
  other: Uint32Array,
  otherFile: number,
): boolean {
  const distance = (otherFile - file) * RECORD_WORDS;
  for (let word = file * RECORD_WORDS + SIGNATURE_WORDS; word < (file + 1) * RECORD_WORDS; word++)
    if (one[word] !== other[word + distance]) return false;
  return true;
}

export function forget(records: Uint32Array, file: number): void {
  records.fill(0, file * RECORD_WORDS, (file + 1) * RECORD_WORDS);
}

/** Records the destination without a state of the source: the file is copied again next time, and may be pruned. */
export function rememberDestination(records: Uint32Array, file: number, destination: FileStatus): void {
  forget(records, file);
  destination.sign(records, file * RECORD_WORDS + SIGNATURE_WORDS);
}

export function remember(
  records: Uint32Array,
  file: number,
  source: FileStatus,
  destination: FileStatus,
): void {
  source.sign(records, file * RECORD_WORDS);
  destination.sign(records, file * RECORD_WORDS + SIGNATURE_WORDS);
}

/** Records another change time of a destination, if that is otherwise as recorded. */
export function rememberChange(records: Uint32Array, file: number, destination: FileStatus): void {
  const offset = file * RECORD_WORDS + SIGNATURE_WORDS;
  if (destination.isSignedAtAnyTime(records, offset)) destination.sign(records, offset);
}

/**
 * The recorded states of destinations with several names of which this copy added, deleted or replaced one: the system
 * gave the others another change time, which does not mean that somebody changed them.
 */
export class ChangedNames {
  readonly #states = new Set<string>();

  get isEmpty(): boolean {
    return this.#states.size === 0;
  }

  /** Call this for a name that is added, and before one is deleted or replaced. */
  add(records: Uint32Array, file: number): void {
    this.#states.add(stateOf(records, file));
  }

  /** Whether a name of this destination was added, deleted or replaced. */
  has(records: Uint32Array, file: number): boolean {
    return !this.isEmpty && this.#states.has(stateOf(records, file));
  }

  /** Whether the destination is as recorded, but for the change time that it got from this copy. */
  explains(records: Uint32Array, file: number, destination: FileStatus): boolean {
    const offset = file * RECORD_WORDS + SIGNATURE_WORDS;
    return this.has(records, file) && destination.isSignedAtAnyTime(records, offset);
  }
}

/** The recorded state, without the device and the change time, which may differ between records of one file. */
function stateOf(records: Uint32Array, file: number): string {
  const offset = file * RECORD_WORDS + SIGNATURE_WORDS;
  return records.subarray(offset + 1, offset + 7).join();
}

/** Whether a file is in the state that was recorded for the given side. */
export function isAsRecorded(
  records: Uint32Array,
  file: number,
  side: 'source' | 'destination',
  status: FileStatus,
): boolean {
  return status.isSigned(records, file * RECORD_WORDS + (side === 'source' ? 0 : SIGNATURE_WORDS));
}
