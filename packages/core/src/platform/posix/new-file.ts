import {
  ACCESSED,
  ATTRIBUTES,
  CHANGED,
  COARSEST_SECONDS,
  DEVICE_MAJOR,
  DEVICE_MINOR,
  FileStatus,
  GID,
  LINKS,
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
  type System,
} from '../system.ts';
import type { PosixBindings } from './bindings.ts';
import { NO_CLONE, PAIR } from './errors.ts';
import { SMALLEST_SPARSE } from './read-write.ts';

const TYPE = 0o170000;
const REGULAR = 0o100000;
const PERMISSIONS = 0o777;
const ALL_BITS = 0o7777;
const TWO_32 = 0x1_0000_0000;

type Bound = 'openat' | 'close' | 'read' | 'write' | 'futimens' | 'fchmod' | 'fchown' | 'unlinkat';

/** The calls that the fast path needs. Each returns 0 or more, or a negated error number. */
export interface NewFileCalls extends Pick<PosixBindings, Bound>, Pick<System, 'copyAttributes'> {
  /** Flags to open a source without following a link. */
  readonly sourceFlags: number;
  /** Flags to create a file that must not exist. */
  readonly createFlags: number;
  /** The status of an open file. */
  fstat(fd: number, into: FileStatus): number;
  /** The status of a name; no link is followed. */
  lstatat(directory: number, name: string, into: FileStatus): number;
  /** Clones into a file that was created before (Linux). */
  cloneInto?(output: number, input: number): number;
  /** Creates a clone under a name, with mode and times (macOS). */
  cloneAs?(input: number, directory: number, name: string): number;
  /**
   * Files with fewer bytes are copied and not cloned, except for the first one, which shows whether files can be
   * cloned.
   */
  readonly cloneFrom: number;
}

/**
 * The fast path for a regular file: all system calls of a copy in one function that allocates no object and reports
 * no error. If anything is unexpected, it undoes its work and leaves the file to the careful path. The words of
 * `struct statx` are read one by one, because most copies end before V8 optimizes a function that calls others: with
 * accessors and helpers 5,000 files took 17 ms more.
 */
export function copyNewFile(calls: NewFileCalls): CopyNewFile {
  const { openat, close, fstat, lstatat, read, write, futimens, fchmod, fchown, unlinkat } = calls;
  const { sourceFlags, createFlags, cloneInto, cloneAs, cloneFrom, copyAttributes } = calls;
  const uid = process.geteuid?.();
  const gid = process.getegid?.();
  /** Whether new files have the owner and group of this process. In a setgid directory they have another group. */
  let ownsNew = true;
  const times = new Uint32Array(8);
  const now = new FileStatus();
  const after = now.words;
  const buffer = Buffer.allocUnsafeSlow(SMALLEST_SPARSE);

  /** Deletes the new file, unless another process has replaced it. */
  const undo = (directory: number, as: string, output: number): void => {
    const standing = new FileStatus();
    if (fstat(output, now) === 0 && lstatat(directory, as, standing) === 0 && now.isSameFile(standing))
      unlinkat(directory, as, 0);
  };

  /**
   * Does the same for a clone, which is not open. A clone is recognized by the size and modification time of its
   * source, before it was cloned or now.
   */
  const undoClone = (directory: number, as: string, input: number, source: FileStatus): void => {
    const standing = new FileStatus();
    if (
      lstatat(directory, as, standing) === 0 &&
      standing.isRegular &&
      (standing.hasSizeAndTimeOf(source) || (fstat(input, now) === 0 && standing.hasSizeAndTimeOf(now)))
    )
      unlinkat(directory, as, 0);
  };

  /** Returns a negative number even if only one attribute could not be copied. */
  const copyAllAttributes = (input: number, output: number, wanted: ExtendedAttributes): number => {
    let refused = 0;
    const result = copyAttributes(input, output, wanted, (_attribute, errno) => {
      refused = -errno;
    });
    return result < 0 ? result : refused;
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
      (hasCopy === undefined || before[LINKS] === 1 || !hasCopy(source)) &&
      // A clone of a file that is locked would be locked.
      (cloneAs === undefined || before[ATTRIBUTES] === 0)
    ) {
      const size = before[SIZE]! + before[SIZE + 1]! * TWO_32;
      const mode = before[MODE]! & (special ? ALL_BITS : PERMISSIONS);
      // Files in /proc report that they are empty.
      if (size > 0 && size <= limit && (mayClone || (size < SMALLEST_SPARSE && !clonesOnly))) {
        const clones = mayClone && (size >= cloneFrom || device === ANY_DEVICE);
        let cloned = clones && cloneAs !== undefined ? cloneAs(input, to, as) : NO_CLONE;
        if (cloned === 0) {
          if (
            lstatat(to, as, destination) === 0 &&
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
              // The owner is set first, because that removes setuid and capabilities from the file.
              (ownership &&
                (!ownsNew || before[UID] !== uid || before[GID] !== gid) &&
                fchown(output, before[UID]!, before[GID]!) !== 0) ||
              (extended !== undefined && copyAllAttributes(input, output, extended) !== 0)
            )
              result = NOT_COPIED;
            if (result !== NOT_COPIED) {
              times[0] = before[ACCESSED]!;
              times[1] = before[ACCESSED + 1]!;
              times[2] = before[ACCESSED + NANOSECONDS]!;
              times[4] = before[MODIFIED]!;
              times[5] = before[MODIFIED + 1]!;
              times[6] = before[MODIFIED + NANOSECONDS]!;
              // The modification time is set last, so that an interrupted copy never has its source's.
              if (
                futimens(output, times) !== 0 ||
                fstat(output, destination) !== 0 ||
                copied[SIZE] !== before[SIZE] ||
                copied[SIZE + 1] !== before[SIZE + 1] ||
                // Some filesystems report success but do not keep the time.
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
            // A network filesystem may report only now that it could not write the bytes.
            if (close(output) !== 0 && result !== NOT_COPIED) {
              if (lstatat(to, as, now) === 0 && now.isSameFile(destination)) unlinkat(to, as, 0);
              result = NOT_COPIED;
            }
          }
        }
      }
    }
    close(input);
    return result;
  };
}
