import { FileStatus } from '../platform/status.ts';
import type { System } from '../platform/system.ts';
import { statusIn } from '../transfer/opened-path.ts';
import { chooseRecords, isAsRecorded, isSameDestination } from './record.ts';

/** Files of a directory by name, each with its record. */
export interface NamedRecords {
  names: readonly string[];
  records: Uint32Array;
}

/** The files for which `isChosen` returns true. */
export function chosen({ names, records }: NamedRecords, isChosen: (file: number) => boolean): NamedRecords {
  const kept: number[] = [];
  for (let file = 0; file < names.length; file++) if (isChosen(file)) kept.push(file);
  // This is the usual case.
  if (kept.length === names.length) return { names, records };
  return { names: kept.map((file) => names[file]!), records: chooseRecords(records, kept) };
}

/** Joins all parts. Each part is copied only once, however many there are. */
export function joined(parts: readonly NamedRecords[]): NamedRecords {
  if (parts.length === 1) return parts[0]!;
  const records = new Uint32Array(parts.reduce((words, part) => words + part.records.length, 0));
  let end = 0;
  for (const part of parts) {
    records.set(part.records, end);
    end += part.records.length;
  }
  return { names: parts.flatMap(({ names }) => names), records };
}

/**
 * The records of a directory after two processes have copied to it. `before` is what both started with, and which of
 * its files this process decided about; `own` is what this process recorded, `other` what the other process has
 * written.
 */
export function mergeRecords(
  system: System,
  directory: string,
  before: (NamedRecords & { taken: Uint8Array }) | undefined,
  own: NamedRecords,
  other: NamedRecords,
): NamedRecords {
  const earlier = before && new Positions(before.names);
  const mine = new Positions(own.names);
  const status = new FileStatus();
  const kept = chosen(other, (file) => {
    const name = other.names[file]!;
    const position = earlier?.of(name) ?? -1;
    if (before && position >= 0 && isSameDestination(before.records, position, other.records, file))
      return before.taken[position] === 0;
    // The other process has copied this file. If this process has copied it too, the record of the later copy is
    // kept.
    if (mine.of(name) < 0) return true;
    const looked = statusIn(system, directory, name, status);
    return looked >= 0 && isAsRecorded(other.records, file, 'destination', status);
  });
  const theirs = new Set(kept.names);
  return joined([kept, chosen(own, (file) => !theirs.has(own.names[file]!))]);
}

/** Finds names in a list. It is fast if the names are looked up in the order of the list, or nearly so. */
export class Positions {
  readonly #names: readonly string[];
  #next = 0;
  /** Created for the first name that is not the next one. */
  #byName: Map<string, number> | undefined;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** The position of a name in the list, or -1. */
  of(name: string): number {
    if (this.#names[this.#next] === name) return this.#next++;
    this.#byName ??= new Map(this.#names.map((each, position) => [each, position]));
    const position = this.#byName.get(name) ?? -1;
    if (position >= 0) this.#next = position + 1;
    return position;
  }
}
