import {
  ACCESSED,
  CHANGED,
  COARSEST_SECONDS,
  DEVICE_MAJOR,
  DEVICE_MINOR,
  FileStatus,
  GID,
  LINKS,
  LITTLE_ENDIAN,
  MODE,
  MODIFIED,
  NANOSECONDS,
  SIZE,
  UID,
} from '../status.ts';
import {
  ANY_DEVICE,
  CLONED_NEW,
  COPIED_NEW,
  type CopyNewFile,
  type ExtendedAttributes,
  NOT_COPIED,
} from '../system.ts';
import { NO_CLONE, PAIR } from './errors.ts';
import { SMALLEST_SPARSE } from './segments.ts';

const TYPE = 0o170000;
const REGULAR = 0o100000;
const PERMISSIONS = 0o777;
const ALL_BITS = 0o7777;
const TWO_32 = 0x1_0000_0000;

/** What the fast path needs of a system: each call answers 0 or more, or a negated error number. */
export interface NewFileCalls {
  /** No link is followed. */
  readonly sourceFlags: number;
  /** The file must not exist. */
  readonly createFlags: number;
  openat(directory: number, path: string, flags: number, mode: number): number;
  close(fd: number): number;
  /** The status of an open file. */
  fstat(fd: number, into: FileStatus): number;
  /** The status of a name; no link is followed. */
  fstatat(directory: number, name: string, into: FileStatus): number;
  read(fd: number, buffer: Uint8Array, size: number): number;
  write(fd: number, buffer: Uint8Array, size: number): number;
  futimens(fd: number, times: Uint32Array): number;
  fchmod(fd: number, mode: number): number;
  fchown(fd: number, uid: number, gid: number): number;
  /** Returns a negative number also if one of them could not be copied. */
  copyAttributes?(input: number, output: number, wanted: ExtendedAttributes): number;
  unlinkat(directory: number, path: string, flags: number): number;
  /** Where a file is created before it becomes a clone (Linux). */
  cloneInto?(output: number, input: number): number;
  /** Where a clone comes into being under its name, with mode and times (macOS). */
  cloneAs?(input: number, directory: number, name: string): number;
  /** Files below this many bytes are copied, but for the one that tells whether files can be cloned. */
  readonly cloneFrom: number;
}

/**
 * The fast path of a plain file: every system call of a copy in one function that makes no object and reports no
 * error. What it does not expect, it undoes and leaves to the careful path. Written out, word by word of `struct
 * statx`, because most copies are over before a function that calls others is optimized: with accessors and helpers
 * 5,000 files took 17 ms more. Undefined on big-endian processors, whose words are in another order.
 */
export function copyNewFile(calls: NewFileCalls): CopyNewFile | undefined {
  if (!LITTLE_ENDIAN) return undefined;
  const { openat, close, fstat, fstatat, read, write, futimens, fchmod, fchown, unlinkat } = calls;
  const { sourceFlags, createFlags, cloneInto, cloneAs, cloneFrom, copyAttributes } = calls;
  const uid = process.geteuid?.();
  const gid = process.getegid?.();
  /** A new file is this process's: not in the groups of all directories. */
  let ownsNew = true;
  const times = new Uint32Array(8);
  const now = new FileStatus();
  const after = now.words;
  const buffer = Buffer.allocUnsafeSlow(SMALLEST_SPARSE);

  /** Deletes what was made, unless somebody else has put a file in its place. */
  const undo = (directory: number, as: string, output: number): void => {
    const standing = new FileStatus();
    if (fstat(output, now) === 0 && fstatat(directory, as, standing) === 0 && now.isSameFile(standing))
      unlinkat(directory, as, 0);
  };

  /** The same for a clone, which is not open: it is known by what it has of its source, as that was or as it is now. */
  const undoClone = (directory: number, as: string, input: number, source: FileStatus): void => {
    const standing = new FileStatus();
    if (
      fstatat(directory, as, standing) === 0 &&
      standing.isRegular &&
      (standing.hasSizeAndTimeOf(source) || (fstat(input, now) === 0 && standing.hasSizeAndTimeOf(now)))
    )
      unlinkat(directory, as, 0);
  };

  return (from, name, { fd: to }, as, limit, device, mayClone, options, source, destination) => {
    const { clonesOnly, ownership, special, extended, hasCopy } = options;
    const input = openat(from.fd, name, sourceFlags, 0);
    if (input < 0) return NOT_COPIED;
    const before = source.words;
    const copied = destination.words;
    let result: ReturnType<CopyNewFile> = NOT_COPIED;
    if (
      fstat(input, source) === 0 &&
      (before[MODE]! & TYPE) === REGULAR &&
      (device === ANY_DEVICE || before[DEVICE_MAJOR]! * 0x10_0000 + before[DEVICE_MINOR]! === device) &&
      // Only root may give a file away.
      (!ownership || uid === 0 || before[UID] === uid) &&
      (hasCopy === undefined || before[LINKS] === 1 || !hasCopy(source))
    ) {
      const size = before[SIZE]! + before[SIZE + 1]! * TWO_32;
      const mode = before[MODE]! & (special ? ALL_BITS : PERMISSIONS);
      // Files of /proc say that they are empty.
      if (size > 0 && size <= limit && (mayClone || (size < SMALLEST_SPARSE && !clonesOnly))) {
        const clones = mayClone && (size >= cloneFrom || device === ANY_DEVICE);
        let cloned = clones && cloneAs !== undefined ? cloneAs(input, to, as) : NO_CLONE;
        if (cloned === 0) {
          if (
            fstatat(to, as, destination) === 0 &&
            (copied[MODE]! & (TYPE | ALL_BITS)) === (REGULAR | mode) &&
            copied[SIZE] === before[SIZE] &&
            copied[SIZE + 1] === before[SIZE + 1] &&
            copied[MODIFIED] === before[MODIFIED] &&
            copied[MODIFIED + NANOSECONDS] === before[MODIFIED + NANOSECONDS]
          )
            result = CLONED_NEW;
          else undoClone(to, as, input, source);
        } else if (
          // On overlayfs some files can be cloned and others cannot.
          (cloned === NO_CLONE || PAIR.has(-cloned)) &&
          (cloneInto !== undefined || size < SMALLEST_SPARSE)
        ) {
          const output = openat(to, as, createFlags, mode & PERMISSIONS);
          if (output >= 0) {
            if (clones && cloneInto !== undefined) cloned = cloneInto(output, input);
            if (cloned === 0) result = CLONED_NEW;
            else if (
              (cloned === NO_CLONE || PAIR.has(-cloned)) &&
              size < SMALLEST_SPARSE &&
              !clonesOnly &&
              read(input, buffer, SMALLEST_SPARSE) === size &&
              write(output, buffer, size) === size &&
              fstat(input, now) === 0 &&
              after[SIZE] === before[SIZE] &&
              after[MODIFIED] === before[MODIFIED] &&
              after[MODIFIED + NANOSECONDS] === before[MODIFIED + NANOSECONDS] &&
              after[CHANGED] === before[CHANGED] &&
              after[CHANGED + NANOSECONDS] === before[CHANGED + NANOSECONDS]
            )
              result = COPIED_NEW;
            if (
              // The owner comes first: to give a file away takes setuid and its capabilities from it.
              (ownership &&
                (!ownsNew || before[UID] !== uid || before[GID] !== gid) &&
                fchown(output, before[UID]!, before[GID]!) !== 0) ||
              (extended !== undefined && copyAttributes!(input, output, extended) !== 0)
            )
              result = NOT_COPIED;
            if (result !== NOT_COPIED) {
              times[0] = before[ACCESSED]!;
              times[1] = before[ACCESSED + 1]!;
              times[2] = before[ACCESSED + NANOSECONDS]!;
              times[4] = before[MODIFIED]!;
              times[5] = before[MODIFIED + 1]!;
              times[6] = before[MODIFIED + NANOSECONDS]!;
              // The modification time comes last: a file whose copy was interrupted never has its source's.
              if (
                futimens(output, times) !== 0 ||
                fstat(output, destination) !== 0 ||
                copied[SIZE] !== before[SIZE] ||
                copied[SIZE + 1] !== before[SIZE + 1] ||
                // Some filesystems claim to have set what they do not keep.
                Math.abs(copied[MODIFIED]! - before[MODIFIED]!) > COARSEST_SECONDS ||
                // The umask took permissions away, or an access control list of the directory changed them.
                ((copied[MODE]! & ALL_BITS) !== mode &&
                  (fchmod(output, mode) !== 0 ||
                    fstat(output, destination) !== 0 ||
                    (copied[MODE]! & ALL_BITS) !== mode))
              )
                result = NOT_COPIED;
              else if (ownership && (copied[UID] !== before[UID] || copied[GID] !== before[GID])) {
                ownsNew = false;
                result = NOT_COPIED;
              }
            }
            if (result === NOT_COPIED) undo(to, as, output);
            close(output);
          }
        }
      }
    }
    close(input);
    return result;
  };
}
