import path from 'node:path';
import { systemError } from '../errors.ts';
import type { Mirrors } from '../model/files.ts';
import type { Attribute, TransferSettings } from '../model/settings.ts';
import { EACCES, ENOTSUP, EPERM, EROFS } from '../platform/errno.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import {
  hasAttributesOf,
  NOTHING_CHOSEN,
  type OnLost,
  type Preserved,
  preserved,
  setAttributes,
  withPreserve,
} from './metadata.ts';
import { NO_DIRECTORY, namesBelow, OpenedPath, openLevel } from './opened-path.ts';

/** A directory of the destination that is a copy of a directory of the source. */
export interface CopiedDirectory {
  /** Absolute path. */
  source: string;
  /** Absolute path of the target's `to`. */
  root: string;
  /** Path of the destination below `root`, with forward slashes; empty for `root` itself. */
  below: string;
  /** The attributes to preserve, if its target names them. */
  preserve?: readonly Attribute[] | undefined;
}

/** The permissions that the owner needs in a directory to create files in it. */
const OWNER = 0o700;
const PERMISSIONS = 0o777;
const SPECIAL = 0o7000;
const WRITABLE_BY_OTHERS = 0o022;
/** The umask of the process applies to this mode. */
export const NEW_DIRECTORY_MODE = 0o777;

/** Errors that do not fail the copy: all files are copied, and the owner of a directory may be another user. */
const TOLERABLE = new Set([EPERM, EACCES, ENOTSUP, EROFS]);

const from = new FileStatus();
const to = new FileStatus();

/**
 * The source directory that a destination directory is a copy of, if there is one. `depth` counts the levels from the
 * target's `to` (0) to the directory that `source` is copied to (`levels`).
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
 * The mode to create a directory with; the process's umask applies to it. Others never have more permissions than
 * they get in the end; the owner must be able to create files. {@link setDirectoryAttributes} sets the final mode.
 */
export function directoryCreationMode(keep: Preserved, source: number): number {
  if (!keep.mode) return NEW_DIRECTORY_MODE;
  const mode = (source & PERMISSIONS) | OWNER;
  if (!keep.directories) return mode;
  // As in cp(1): nobody else may enter the directory until it has its owner, nor write to it until it has its mode.
  return keep.ownership ? OWNER : mode & ~WRITABLE_BY_OTHERS;
}

/**
 * Lets the owner create files in an existing directory that gets its source's mode in the end. Ignores errors:
 * copying the first file reports them.
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
 * Copies the attributes of directories. Call this after everything in them is copied: the final mode may not allow
 * new files, and the modification time changes with every new file.
 */
export function setDirectoryAttributes(
  system: System,
  settings: TransferSettings,
  copies: readonly CopiedDirectory[],
  warn: (message: string) => void,
  lost: (attribute: Attribute, errno: number, destination: string) => void,
): void {
  if (copies.length === 0) return;
  const byTarget = new Map<CopiedDirectory['preserve'], Preserved>();
  const opened = new OpenedPath(system);
  try {
    for (const [destination, copy] of innerFirst(copies)) {
      const { preserve } = copy;
      let kept = byTarget.get(preserve);
      if (!kept) byTarget.set(preserve, (kept = keptByDirectories(withPreserve(settings, preserve))));
      const onLost: OnLost = (attribute, errno) => lost(attribute, errno, destination);
      const result = copyAttributesOf(system, kept, opened, copy, onLost);
      // The directory may have been deleted or replaced meanwhile.
      if (result >= 0 || NO_DIRECTORY.has(-result)) continue;
      const error = systemError(-result, { source: copy.source, destination, syscall: 'set attributes' });
      if (!TOLERABLE.has(-result)) throw error;
      if (-result !== ENOTSUP)
        warn(`${error.message}; the directory keeps other attributes than its source has`);
    }
  } finally {
    opened.close();
  }
}

/** What to preserve on directories. On Windows a directory has no permission bits. */
function keptByDirectories(settings: TransferSettings): Preserved {
  const keep = preserved(settings);
  return process.platform === 'win32' ? { ...keep, mode: false, special: false } : keep;
}

/**
 * Directories with their absolute paths, inner ones first: the final mode of a directory may not allow access to
 * those in it. Neighbours are adjacent, so that most of the path to the next one is open already.
 */
function innerFirst(copies: readonly CopiedDirectory[]): [string, CopiedDirectory][] {
  const byPlace = new Map(copies.map((copy) => [path.join(copy.root, copy.below), copy]));
  // The separator at the end keeps "a/b" next to "a": without it, "a-b" would be sorted between them.
  return [...byPlace].sort(([one], [other]) => (one + path.sep < other + path.sep ? 1 : -1));
}

function copyAttributesOf(
  system: System,
  keep: Preserved,
  opened: OpenedPath,
  { source, root, below }: CopiedDirectory,
  lost: OnLost,
): number {
  const original = system.openDirectory(source);
  if (typeof original === 'number') return original;
  try {
    const copy = opened.open(namesBelow(root, below), (name, parent) => openLevel(system, name, parent));
    return typeof copy === 'number' ? copy : copyAttributes(system, keep, original, copy.directory, lost);
  } finally {
    system.closeDirectory(original);
  }
}

function copyAttributes(
  system: System,
  keep: Preserved,
  original: Directory,
  copy: Directory,
  lost: OnLost,
): number {
  const looked = system.status(original, '.', true, from);
  if (looked < 0) return looked;
  const found = system.status(copy, '.', true, to);
  if (found < 0) return found;
  if (!keep.extended && hasAttributesOf(keep, from, to) && hasSpecialBits(keep)) return 0;
  const destination = system.openForAttributes(copy);
  if (destination < 0) return destination;
  try {
    const source = keep.extended ? system.openForAttributes(original) : -1;
    if (keep.extended && source < 0) return source;
    try {
      return setAttributes(system, keep, { source, destination }, from, to, NOTHING_CHOSEN, lost);
    } finally {
      if (source >= 0) system.close(source);
    }
  } finally {
    system.close(destination);
  }
}

/**
 * Whether the copy has setuid, setgid and sticky as its source has. If it has another owner it does not get them, and
 * the user is warned of that in every run.
 */
function hasSpecialBits({ special }: Preserved): boolean {
  return !special || ((to.mode ^ from.mode) & SPECIAL) === 0;
}
