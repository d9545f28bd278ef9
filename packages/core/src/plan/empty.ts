import fs from 'node:fs';
import path from 'node:path';
import { isInside } from '../inside.ts';
import { isDirectory, tryOr } from '../platform/path-status.ts';
import { childPath, pathIn } from '../platform/paths.ts';
import { portableSystem } from '../platform/portable/portable.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory } from '../platform/system.ts';
import { listEntries, type NamedEntry } from '../scan/entries.ts';
import { Deleter } from './delete.ts';
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
  const recorded = snapshot?.recorded ?? new Recorded(manifest, directory);
  const deleted: string[] = [];
  const deleter = new Deleter(system, {
    onDeleted: (path) => void deleted.push(path),
    ...(snapshot && { keepsDirectories: true, mayDelete: (...file) => snapshot.isUnchanged(...file) }),
  });
  try {
    for (const [current, entry] of surplus(directory, recorded, keep)) {
      const steps = deleter.deleteIn(directory, current, entry);
      while (!steps.next().done);
    }
  } finally {
    deleter.close();
  }
  return { deleted, at: snapshot?.at ?? recorded.timeIn(directory) };
}

/**
 * The contents of a directory at one moment, for a host whose bundler empties the directory before it decides whether
 * to write there: {@link emptyDirectory} deletes these contents later.
 */
export class EmptySnapshot {
  readonly recorded: Recorded;
  /** See {@link Emptied.at}. */
  readonly at: number;
  readonly #root: string;
  readonly #files = new Map<string, FileStatus>();
  /** By absolute path. Parents before the directories in them. */
  readonly #directories = new Map<string, [parent: string, name: string]>();

  constructor(directory: string, { manifest, keep }: KeepOptions) {
    this.#root = directory;
    this.recorded = new Recorded(manifest, directory);
    const isThere = isDirectory(directory);
    this.at = isThere ? this.recorded.timeIn(directory) : 0;
    if (!isThere) return;
    for (const [current, entry] of surplus(directory, this.recorded, keep))
      this.#add({ path: current, fd: -1 }, entry);
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

  #add(parent: Directory, entry: NamedEntry): void {
    const file = childPath(parent, entry.name);
    if (entry.isDirectory()) {
      this.#directories.set(file, [parent.path, entry.name]);
      for (const each of listEntries({ path: file })) this.#add({ path: file, fd: -1 }, each);
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

/** The entries that emptying a directory deletes, each with the directory that contains it. */
function* surplus(
  root: string,
  recorded: Recorded,
  keep: readonly string[],
): Generator<[directory: string, entry: NamedEntry]> {
  const kept = keptIn(root, keep);
  const pending = [root];
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    const files = recorded.filesIn(current);
    for (const entry of listEntries({ path: current })) {
      const { name } = entry;
      const isDirectory = entry.isDirectory();
      if (!isDirectory && files.has(name)) continue;
      const full = path.join(current, name);
      if (kept.some((each) => isInside(each, full))) continue;
      if (isDirectory && (recorded.hasDirectory(full) || kept.some((each) => isInside(full, each)))) {
        pending.push(full);
        continue;
      }
      yield [current, entry];
    }
  }
}

/** The names that a manifest records below one directory. */
class Recorded {
  readonly #files = new Map<string, readonly string[]>();
  readonly #directories = new Set<string>();

  constructor(manifest: string, root: string) {
    for (const [directory, names] of namesIn(manifest, root)) {
      if (!isInside(root, directory)) continue;
      this.#files.set(directory, names);
      // Add the parents too, up to the first one that was added before.
      let current = directory;
      while (!this.#directories.has(current)) {
        this.#directories.add(current);
        if (current !== root) current = path.dirname(current);
      }
    }
  }

  /** See {@link Emptied.at}. */
  timeIn(directory: string): number {
    return this.#files.size === 0 ? 0 : timeIn(directory);
  }

  hasDirectory(directory: string): boolean {
    return this.#directories.has(directory);
  }

  filesIn(directory: string): ReadonlySet<string> {
    return new Set(this.#files.get(directory));
  }
}

/** Returns no names if the manifest is missing, damaged or of another directory: the copy reports the error. */
function namesIn(manifest: string, cwd: string): [string, readonly string[]][] {
  return tryOr([], () => (fs.statSync(manifest).isFile() ? readNames(manifest, cwd) : []));
}

/**
 * The time of a directory that is created for this purpose, because the clocks of the process and of the filesystem
 * may differ.
 */
function timeIn(directory: string): number {
  return tryOr(0, () => {
    const made = fs.mkdtempSync(path.join(directory, '.fs-reflink-'));
    try {
      return Math.floor(fs.lstatSync(made).ctimeMs);
    } finally {
      fs.rmdirSync(made);
    }
  });
}
