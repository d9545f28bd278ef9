import path from 'node:path';
import { systemError } from '../errors.ts';
import type { Mirrors } from '../model/folder.ts';
import type { Attribute, TransferSettings } from '../model/settings.ts';
import { EACCES, ELOOP, ENOENT, ENOTDIR, ENOTSUP, EPERM, EROFS } from '../platform/errno.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import {
  carryAttributes,
  NOTHING_CHOSEN,
  type OnLost,
  type Preserved,
  preserved,
  withPreserve,
} from './metadata.ts';

/** A directory of the destination that is a copy of one of the source. */
export interface CopiedDirectory {
  /** Absolute path. */
  source: string;
  /** Absolute path of the target's `to`. */
  root: string;
  /** The destination below it, with forward slashes; empty for `root` itself. */
  below: string;
  /** What its target says to carry over. */
  preserve?: readonly Attribute[] | undefined;
}

/** What the owner needs in a directory that files are going to be put into. */
const OWNER = 0o700;
const PERMISSIONS = 0o777;
const WRITABLE_BY_OTHERS = 0o022;
const DEFAULT_MODE = 0o777;

/** What the user is warned of: the files are in place, and another owner's directory is not ours to change. */
const TOLERABLE = new Set([EPERM, EACCES, ENOTSUP, EROFS]);
/** Somebody has deleted or replaced the directory meanwhile. */
const GONE = new Set([ENOENT, ENOTDIR, ELOOP]);

const from = new FileStatus();
const to = new FileStatus();

/**
 * The source directory that a destination directory is a copy of, where there is one. `depth` counts from the target's
 * `to`, which is 0, to the directory that `source` is copied to, which is `levels`.
 */
export function sourceOfLevel(
  source: string,
  { depth, levels, mirrors }: { depth: number; levels: number; mirrors: Mirrors },
): string | undefined {
  if (mirrors === undefined || (depth === 0 && mirrors === 'below')) return undefined;
  let directory = source;
  for (let level = levels; level > depth; level--) directory = path.dirname(directory);
  return directory;
}

/**
 * The mode a directory is made with; the process's umask applies to it. Never more than the directory may have in the
 * end, but for the owner, who has to put files into it. What is missing then is set by {@link carryDirectories}.
 */
export function directoryCreationMode(keep: Preserved, source: number): number {
  if (!keep.mode) return DEFAULT_MODE;
  const mode = (source & PERMISSIONS) | OWNER;
  if (!keep.directories) return mode;
  // As cp(1): until it has its owner, nobody else may enter, and until it has its mode nobody else may write.
  return keep.ownership ? OWNER : mode & ~WRITABLE_BY_OTHERS;
}

/**
 * Lets the owner put files into a directory that was there before and is going to get its source's mode in the end.
 * What cannot be changed is left: copying the first file says what is wrong.
 */
export function letOwnerWrite(system: System, directory: Directory): void {
  // On Windows a directory has no mode; root may write to any.
  if (process.platform === 'win32' || process.geteuid?.() === 0) return;
  if (system.status(directory, '.', true, to) < 0 || (to.mode & OWNER) === OWNER) return;
  const fd = system.openForAttributes(directory);
  if (fd < 0) return;
  system.setMode(fd, (to.mode & 0o7777) | OWNER);
  system.close(fd);
}

/**
 * Carries the attributes of directories over, as those of files, once everything in them is in place: an open
 * directory may get a mode in which nothing can be put into it, and its modification time changes with every file.
 */
export function carryDirectories(
  system: System,
  settings: TransferSettings,
  copies: readonly CopiedDirectory[],
  warn: (message: string) => void,
  lost: (attribute: Attribute, errno: number, destination: string) => void,
): void {
  if (copies.length === 0) return;
  const byTarget = new Map<CopiedDirectory['preserve'], Preserved>();
  for (const copy of deepestFirst(copies)) {
    const { preserve } = copy;
    let kept = byTarget.get(preserve);
    if (!kept) byTarget.set(preserve, (kept = keptByDirectories(withPreserve(settings, preserve))));
    const destination = path.join(copy.root, copy.below);
    const result = carryOne(system, kept, copy, (attribute, errno) => lost(attribute, errno, destination));
    if (result >= 0 || GONE.has(-result)) continue;
    const error = systemError(-result, { source: copy.source, destination, syscall: 'set attributes' });
    if (!TOLERABLE.has(-result)) throw error;
    if (-result !== ENOTSUP)
      warn(`${error.message}; the directory keeps other attributes than its source has`);
  }
}

/** A directory on Windows has no permission bits. */
function keptByDirectories(settings: TransferSettings): Preserved {
  const keep = preserved(settings);
  return process.platform === 'win32' ? { ...keep, mode: false, special: false } : keep;
}

/** What is in a directory is reached through it: its own mode comes after theirs. */
function deepestFirst(copies: readonly CopiedDirectory[]): CopiedDirectory[] {
  const byPlace = new Map(copies.map((copy) => [path.join(copy.root, copy.below), copy]));
  return [...byPlace].sort(([one], [other]) => other.length - one.length).map(([, copy]) => copy);
}

function carryOne(
  system: System,
  keep: Preserved,
  { source, root, below }: CopiedDirectory,
  lost: OnLost,
): number {
  const original = system.openDirectory(source);
  if (typeof original === 'number') return original;
  try {
    const copy = openBelow(system, root, below);
    if (typeof copy === 'number') return copy;
    try {
      return carry(system, keep, original, copy, lost);
    } finally {
      system.closeDirectory(copy);
    }
  } finally {
    system.closeDirectory(original);
  }
}

/** Below the root no link is followed. */
function openBelow(system: System, root: string, below: string): Directory | number {
  let directory = system.openDirectory(root);
  for (const name of below === '' ? [] : below.split('/')) {
    if (typeof directory === 'number') return directory;
    const child = system.openChild(directory, name);
    system.closeDirectory(directory);
    directory = child;
  }
  return directory;
}

function carry(system: System, keep: Preserved, original: Directory, copy: Directory, lost: OnLost): number {
  const looked = system.status(original, '.', true, from);
  if (looked < 0) return looked;
  const found = system.status(copy, '.', true, to);
  if (found < 0) return found;
  if (!keep.extended && isAlike(keep)) return 0;
  const destination = system.openForAttributes(copy);
  if (destination < 0) return destination;
  try {
    const source = keep.extended ? system.openForAttributes(original) : -1;
    if (keep.extended && source < 0) return source;
    try {
      return carryAttributes(system, keep, { source, destination }, from, to, NOTHING_CHOSEN, lost);
    } finally {
      if (source >= 0) system.close(source);
    }
  } finally {
    system.close(destination);
  }
}

/** Whether nothing has to be set, so that a copy that finds nothing to do touches nothing. */
function isAlike(keep: Preserved): boolean {
  const mask = keep.special ? 0o7777 : PERMISSIONS;
  return (
    (!keep.timestamps || to.isModifiedAtAbout(from)) &&
    (!keep.mode || (to.mode & mask) === (from.mode & mask)) &&
    (!keep.special || (to.mode & 0o7000) === (from.mode & 0o7000)) &&
    (!keep.ownership || (to.uid === from.uid && to.gid === from.gid))
  );
}
