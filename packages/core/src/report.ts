import { CopyError, type CopyErrorDetails, errorCode, isOfOneFile } from './errors.ts';
import type { CopyEntry, PlannedFile } from './model/entry.ts';
import type { JobSettings, PlanSettings } from './model/job.ts';
import type { Attribute, Method } from './model/settings.ts';
import { isRaw, shown, shownInMessage } from './platform/raw-names.ts';

/** Files and bytes copied by one method. */
export interface MethodCount {
  files: number;
  bytes: number;
}

/** What a copy did. */
export interface CopyReport {
  /** Files copied in this run. */
  files: number;
  /** Bytes copied in this run: the sizes of these files. */
  bytes: number;
  /** Files and bytes copied in this run, by the method that copied them. */
  methods: Partial<Record<Method, MethodCount>>;
  /** Files and links that were not copied, because they are up to date or `overwrite` keeps them. */
  unchanged: number;
  /** Files and links that were deleted, because nothing is copied there any more. */
  pruned: number;
  /** Directories created. */
  directories: number;
  /** Symbolic links copied as links (`symlinks: 'keep'`). */
  links: number;
  /** Time from the call to its end, in milliseconds. */
  durationMs: number;
  /** What the user should know although nothing failed. */
  warnings: string[];
  /** What could not be copied, only with `onError: 'collect'`; in no particular order. */
  errors?: CopyError[];
  /**
   * Absolute paths of FIFOs, devices and sockets of the source that could not be created (`preserve` with `devices`),
   * each with a warning; absent if there are none.
   */
  leftOut?: string[];
  /** One entry for each path, only with the option `entries`; in no particular order. */
  entries?: CopyEntry[];
  /**
   * Files of several targets with one destination, only with `overlaps: true`; one for each file that is not copied.
   */
  overlaps?: Overlap[];
}

/** Two files with one destination. If the filesystem ignores case, their names may differ in case. */
export interface Overlap {
  /** The file that is copied, unless a third one replaces it. */
  kept: PlannedFile;
  /** The file that is not copied. */
  left: PlannedFile;
}

/** How many copies could not get a requested attribute, and one of these copies. */
export interface LostAttribute {
  count: number;
  /**
   * Absolute path of a copy: the first in alphabetical order, so that it does not depend on which thread is faster.
   */
  first: string;
  /** The number of the error; 0 if the filesystem reported success without setting the attribute. */
  errno: number;
}

export type LostAttributes = Partial<Record<Attribute, LostAttribute>>;

/** The counts of one thread. At the end, those of all threads are added up. */
export type Tally = Omit<CopyReport, 'durationMs' | 'entries' | 'overlaps' | 'errors' | 'leftOut'> &
  Required<Pick<CopyReport, 'entries' | 'overlaps'>> & {
    lost: LostAttributes;
    errors: CopyErrorDetails[];
    leftOut: CopyErrorDetails[];
    /** Files left to the calling thread: the number of a batch in shared memory, and of a file in that batch. */
    left: [batch: number, file: number][];
  };

export function emptyTally(): Tally {
  return {
    files: 0,
    bytes: 0,
    methods: {},
    unchanged: 0,
    pruned: 0,
    directories: 0,
    links: 0,
    warnings: [],
    entries: [],
    overlaps: [],
    leftOut: [],
    left: [],
    lost: {},
    errors: [],
  };
}

/** Records the error of one file if the copy continues after it. Throws any other error. */
export function noteError(
  tally: Pick<Tally, 'errors'>,
  { collectsErrors }: { collectsErrors?: boolean },
  error: unknown,
): void {
  if (!collectsErrors || !isOfOneFile(error)) throw error;
  tally.errors.push(error.details);
}

export function countFiles(tally: Tally, method: Method | undefined, files: number, bytes: number): void {
  tally.files += files;
  tally.bytes += bytes;
  if (method !== undefined) addToMethod(tally.methods, method, { files, bytes });
}

export function addToMethod(
  methods: CopyReport['methods'],
  method: Method,
  { files, bytes }: MethodCount,
): void {
  const count = (methods[method] ??= { files: 0, bytes: 0 });
  count.files += files;
  count.bytes += bytes;
}

const COUNTS = ['files', 'bytes', 'unchanged', 'pruned', 'directories', 'links'] as const;

export function addTally(total: Tally, part: Tally): void {
  for (const count of COUNTS) total[count] += part[count];
  total.warnings.push(...part.warnings);
  total.leftOut.push(...part.leftOut);
  for (const file of part.left) total.left.push(file);
  for (const entry of part.entries) total.entries.push(entry);
  for (const overlap of part.overlaps) total.overlaps.push(overlap);
  for (const error of part.errors) total.errors.push(error);
  for (const [attribute, lost] of Object.entries(part.lost))
    addLost(total.lost, attribute as Attribute, lost);
  for (const [method, count] of Object.entries(part.methods))
    addToMethod(total.methods, method as Method, count);
}

/** The entry with paths for people: bytes that are not UTF-8 are written in octal. */
function shownEntry(entry: CopyEntry): CopyEntry {
  const { source, destination } = entry;
  if (!isRaw(destination) && !(source && isRaw(source))) return entry;
  return { ...entry, ...(source && { source: shown(source) }), destination: shown(destination) };
}

export function toReport(
  tally: Tally,
  durationMs: number,
  { job, plan }: { job: JobSettings; plan: PlanSettings },
): CopyReport {
  const { entries, overlaps, leftOut, left: _none, errors, lost, ...counts } = tally;
  const warnings = [
    ...counts.warnings.map(shownInMessage),
    ...leftOut.map((details) => new CopyError(details).message),
    ...lostWarnings(lost),
  ];
  return {
    ...counts,
    warnings,
    durationMs,
    ...(leftOut.length > 0 && { leftOut: leftOut.map(({ source }) => source!).sort() }),
    ...((job.entries || job.prunedEntries) && { entries: entries.map(shownEntry) }),
    ...(plan.overlaps && { overlaps }),
    ...(job.collectsErrors && { errors: errors.map((details) => new CopyError(details)) }),
  };
}

/** The name of each attribute in messages. */
const NAMES: Record<Attribute, string> = {
  mode: 'permissions',
  timestamps: 'modification times',
  ownership: 'owner and group',
  links: 'hard links',
  devices: 'FIFOs, devices and sockets',
  special: 'setuid, setgid and sticky bits',
  xattr: 'extended attributes',
  acl: 'access control lists',
};

/** Records that copies could not get an attribute. */
export function addLost(all: LostAttributes, attribute: Attribute, lost: LostAttribute): void {
  const known = all[attribute];
  if (!known) {
    all[attribute] = { ...lost };
    return;
  }
  known.count += lost.count;
  if (lost.first < known.first) Object.assign(known, { first: lost.first, errno: lost.errno });
}

/** One warning for each attribute. */
export function lostWarnings(lost: LostAttributes): string[] {
  return (Object.entries(lost) as [Attribute, LostAttribute][]).map(
    ([attribute, { count, first, errno }]) => {
      const copies =
        count === 1
          ? `for ${JSON.stringify(first)}`
          : `for ${count} copies, the first is ${JSON.stringify(first)}`;
      const code = errno === 0 ? '' : ` (${errorCode(errno)})`;
      const cause =
        attribute === 'special'
          ? 'the copy has another owner, or the filesystem cannot hold them'
          : `the filesystem of the destination cannot hold them, or this user may not set them`;
      return `the ${NAMES[attribute]} ('${attribute}' in preserve) were not preserved ${copies}${code}: ${cause}; leave '${attribute}' out of preserve, or copy to another filesystem`;
    },
  );
}
