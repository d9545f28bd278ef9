import type { QueuedBatch } from '../model/batch.ts';
import type { JobSettings } from '../model/job.ts';
import type { FileStatus } from '../platform/status.ts';
import {
  CLONED_NEW,
  type CopyNewFile,
  type Directory,
  type NewFileOptions,
  NOT_COPIED,
  type System,
} from '../platform/system.ts';
import { preserved } from '../transfer/metadata.ts';

/** The loop looks at the clock once in so many files. */
const CLOCK_EVERY = 8;

/** Plain files of one directory, on their way into a directory that this copy made. */
export interface NewFiles {
  copyNewFile: CopyNewFile;
  options: NewFileOptions;
  from: Directory;
  to: Directory;
  names: readonly string[];
  renamed: Readonly<Record<number, string>> | undefined;
  /** Bytes; larger files are not copied. */
  limit: number;
  /** As performance.now(). */
  deadline: number;
  /** The deadline has passed. */
  isOver: boolean;
  /** The source's device, or ANY_DEVICE. */
  device: number;
  mayClone: boolean;
  /** Both files' status, of the file that was copied last. */
  source: FileStatus;
  destination: FileStatus;
  /** Called after each file. */
  onCopied: ((file: number, cloned: boolean) => void) | undefined;
  /** Files and bytes that were cloned, and that were copied. */
  clones: number;
  clonedBytes: number;
  copies: number;
  copiedBytes: number;
}

/**
 * Copies the files from `start` on, one after the other. Returns the first one that the fast path does not copy, the
 * one at hand when the deadline has passed, or `end`. A function of its own, with little in it: it is over before a larger
 * one would be optimized.
 */
export function copyNewFiles(files: NewFiles, start: number, end: number): number {
  const { copyNewFile, options, from, to, names, renamed, limit, device, mayClone } = files;
  const { source, destination, onCopied } = files;
  let file = start;
  for (; file < end; file++) {
    if ((file - start) % CLOCK_EVERY === CLOCK_EVERY - 1 && performance.now() >= files.deadline) {
      files.isOver = true;
      break;
    }
    const name = names[file]!;
    const as = renamed === undefined ? name : (renamed[file] ?? name);
    const result = copyNewFile(from, name, to, as, limit, device, mayClone, options, source, destination);
    if (result === NOT_COPIED) break;
    if (result === CLONED_NEW) {
      files.clones++;
      files.clonedBytes += source.size;
    } else {
      files.copies++;
      files.copiedBytes += source.size;
    }
    if (onCopied !== undefined) onCopied(file, result === CLONED_NEW);
  }
  return file;
}

/** The position of the first link behind a file, or the number of files. */
export function nextLinkOf({ names, links }: QueuedBatch, file: number): number {
  return links?.find((link) => link > file) ?? names.length;
}

/** How the fast path copies the files of a copy; undefined: it copies none. */
export function newFileOptions(
  { transfer, only }: JobSettings,
  system: System,
  hasCopy: NewFileOptions['hasCopy'],
): NewFileOptions | undefined {
  const { reflink, atomic, preserve, pageCache, durability } = transfer;
  const { mode, timestamps, ownership, special, extended } = preserved(transfer);
  const clonesOnly = reflink === 'always';
  const isUsual = !clonesOnly && preserve.length === 2;
  const isPossible =
    system.copyNewFile !== undefined &&
    (isUsual || system.hasNewFileOptions === true) &&
    reflink !== 'never' &&
    !atomic &&
    pageCache === 'use' &&
    durability === 'none' &&
    mode &&
    timestamps &&
    (ownership || !special) &&
    only === undefined;
  return isPossible ? { clonesOnly, ownership, special, extended, hasCopy } : undefined;
}
