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

/** How many files the loop copies between two looks at the clock. */
const CLOCK_EVERY = 8;

/** Plain files of one directory that are copied to a directory that this copy created. */
export interface NewFiles {
  copyNewFile: CopyNewFile;
  options: NewFileOptions;
  from: Directory;
  to: Directory;
  names: readonly string[];
  renamed: Readonly<Record<number, string>> | undefined;
  /** In bytes. Larger files are not copied. */
  limit: number;
  /** As performance.now(). */
  deadline: number;
  /** Whether the deadline has passed. */
  isOver: boolean;
  /** The device of the source, or ANY_DEVICE. */
  device: number;
  mayClone: boolean;
  /** The status of both files, for the file that was copied last. */
  source: FileStatus;
  destination: FileStatus;
  /** Called after each copied file. */
  onCopied: ((file: number, cloned: boolean) => void) | undefined;
  /** The number and the bytes of the files that were cloned, and of those that were copied. */
  clones: number;
  clonedBytes: number;
  copies: number;
  copiedBytes: number;
}

/**
 * Copies the files from `start` on, in order. Returns the position of the first file that it did not copy: one that
 * the fast path cannot copy, or the next one after the deadline has passed. Returns `end` if all are copied. This is
 * a separate, short function: a larger one would end before it is optimized.
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

/** The position of the first link after a file, or the number of files. */
export function nextLinkOf({ names, links }: QueuedBatch, file: number): number {
  return links?.find((link) => link > file) ?? names.length;
}

/** The options of the fast path. Returns undefined if it cannot be used for this copy. */
export function newFileOptions(
  { transfer, onlyMethod: only }: JobSettings,
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
