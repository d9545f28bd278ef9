import fs from 'node:fs';
import path from 'node:path';
import { isInside } from '../inside.ts';
import { isDirectory, tryOr } from '../platform/path-status.ts';
import { childPath, pathIn } from '../platform/paths.ts';
import { portableSystem } from '../platform/portable/portable.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory } from '../platform/system.ts';
import { type ListedEntry, listEntries } from '../scan/entries.ts';
import { Deleter } from './delete.ts';
import { DestinationIndex, type IndexedFolder } from './destination-index.ts';
import { keptIn } from './kept.ts';
import { readNames } from './manifest-file.ts';
import { refuseSourcePaths } from './sources.ts';

/** What emptying does not delete. */
export interface KeepOptions {
  /** The manifest of the copies to this directory. The files it records are left to the next copy. */
  manifest: string;
  /** Paths that are kept too, with everything in them. Relative to the directory. */
  keep: readonly string[];
}

/** Options of {@link emptyDirectory}. */
export interface EmptyOptions extends KeepOptions {
  /** Absolute paths of sources that will be copied. */
  sources: readonly string[];
  /**
   * If given: deletes only files that existed when it was taken and have not changed since, and keeps empty
   * directories.
   */
  snapshot?: EmptySnapshot | undefined;
}

/** What {@link emptyDirectory} did. */
export interface Emptied {
  /** Absolute paths of the files and links that were deleted. */
  deleted: string[];
  /**
   * The time of emptying, in milliseconds since 1970 by the clock of the directory's filesystem. 0 if nothing was
   * left to the next copy, or if the time cannot be determined.
   */
  at: number;
}

/** By paths, on the calling thread: loading the native lane takes longer than deleting a few files. */
const system = portableSystem(undefined);

/**
 * Empties a directory synchronously, for a host that must finish before others write there. Keeps the files that the
 * manifest records: the next {@link copy} with `emptiedAt` keeps those that are up to date, and deletes the others.
 *
 * @throws {CopyError} `ERR_NESTED` if a source is inside the directory; then nothing is deleted
 */
export function emptyDirectory(directory: string, options: EmptyOptions): Emptied {
  const { manifest, keep, sources, snapshot } = options;
  // If a file is in the place of the directory, the copy reports the error.
  if (!isDirectory(directory)) return { deleted: [], at: 0 };
  refuseSourcePaths(directory, sources, keep);
  const recorded = snapshot?.recorded ?? recordedIn(manifest, directory);
  const deleted: string[] = [];
  const deleter = new Deleter(system, {
    onDeleted: (path) => void deleted.push(path),
    ...(snapshot && { keepsDirectories: true, mayDelete: (...file) => snapshot.isUnchanged(...file) }),
  });
  try {
    for (const [current, entries] of surplusIn(directory, recorded, keep))
      for (const entry of entries) {
        const steps = deleter.deleteIn(directory, current, entry);
        while (!steps.next().done);
      }
  } finally {
    deleter.close();
  }
  return { deleted, at: snapshot?.at ?? timeOf(directory, recorded) };
}

/**
 * The contents of a directory at one moment, for a host whose bundler empties the directory before it decides whether
 * to write there: {@link emptyDirectory} deletes these contents later.
 */
export class EmptySnapshot {
  readonly recorded: readonly IndexedFolder[];
  /** See {@link Emptied.at}. */
  readonly at: number;
  readonly #root: string;
  readonly #files = new Map<string, FileStatus>();
  /** By absolute path. Parents before the directories in them. */
  readonly #directories = new Map<string, [parent: string, name: string]>();

  constructor(directory: string, { manifest, keep }: KeepOptions) {
    this.#root = directory;
    this.recorded = recordedIn(manifest, directory);
    const isThere = isDirectory(directory);
    this.at = isThere ? timeOf(directory, this.recorded) : 0;
    if (!isThere) return;
    for (const [current, entries] of surplusIn(directory, this.recorded, keep)) {
      if (current !== directory)
        this.#directories.set(current, [path.dirname(current), path.basename(current)]);
      for (const entry of entries) this.#add({ path: current, fd: -1 }, entry);
    }
  }

  /** Whether a file or link existed when the snapshot was taken, and nobody has replaced or changed it since. */
  isUnchanged(directory: Directory, name: string): boolean {
    const before = this.#files.get(childPath(directory, name));
    const now = statusOf(directory, name);
    return Boolean(before && now?.isSameFile(before) && now.isSameState(before));
  }

  /** Absolute paths of the directories that {@link deleteEmptyDirectories} deletes if they are empty. */
  get directories(): Iterable<string> {
    return this.#directories.keys();
  }

  /** Call this with the directories that a copy creates, some of which may be empty in its source too. */
  keepDirectories(directories: Iterable<string>): void {
    for (const each of directories) this.#directories.delete(each);
  }

  /** Deletes the directories that existed when the snapshot was taken, are not kept and are empty now. */
  deleteEmptyDirectories(): void {
    const deleter = new Deleter(system);
    try {
      for (const [parent, name] of [...this.#directories.values()].reverse()) {
        const opened = deleter.open(this.#root, parent);
        if (typeof opened !== 'number') deleter.deleteEmpty(opened, name);
      }
    } finally {
      deleter.close();
    }
  }

  #add(parent: Directory, entry: ListedEntry): void {
    const file = childPath(parent, entry.name);
    if (entry.isDirectory()) {
      this.#directories.set(file, [parent.path, entry.name]);
      for (const each of listEntries(file)) this.#add({ path: file, fd: -1 }, each);
      return;
    }
    const status = statusOf(parent, entry.name);
    if (status) this.#files.set(file, status);
  }
}

function statusOf(directory: Directory, name: string): FileStatus | undefined {
  const stats = fs.lstatSync(pathIn(directory, name), { bigint: true, throwIfNoEntry: false });
  if (!stats) return undefined;
  const status = new FileStatus();
  status.fill(stats);
  return status;
}

/** What emptying a directory deletes. */
const surplusIn = (root: string, recorded: readonly IndexedFolder[], keep: readonly string[]) =>
  new DestinationIndex(recorded).surplusIn(root, keptIn(root, keep));

/**
 * The files that a manifest records below a directory. Returns none if the manifest is missing, damaged or of another
 * directory: the copy reports the error.
 */
function recordedIn(manifest: string, root: string): IndexedFolder[] {
  const recorded = tryOr([], () => (fs.statSync(manifest).isFile() ? readNames(manifest, root) : []));
  return recorded
    .filter(([directory]) => isInside(root, directory))
    .map(([directory, names]) => ({ root: directory, below: '', names }));
}

/**
 * See {@link Emptied.at}. It is the time of a directory that is created for this purpose, because the clocks of the
 * process and of the filesystem may differ.
 */
function timeOf(directory: string, recorded: readonly IndexedFolder[]): number {
  if (recorded.length === 0) return 0;
  return tryOr(0, () => {
    const made = fs.mkdtempSync(path.join(directory, '.fs-reflink-'));
    try {
      return Math.floor(fs.lstatSync(made).ctimeMs);
    } finally {
      fs.rmdirSync(made);
    }
  });
}
