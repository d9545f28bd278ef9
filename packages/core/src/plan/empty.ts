import fs from 'node:fs';
import path from 'node:path';
import { asCopyError } from '../errors.ts';
import { childPaths, pathIn } from '../platform/paths.ts';
import type { Directory } from '../platform/system.ts';
import { listEntries, type NamedEntry } from '../scan/entries.ts';
import { isWithin } from '../within.ts';
import { decode } from './manifest-file.ts';
import { refuseNested } from './sources.ts';

/** Options of {@link emptyDirectory}. */
export interface EmptyOptions {
  /** The manifest of the copies into this directory: what it names is left to the next copy. */
  manifest: string;
  /** What else is left, with all that is in it. Relative to the directory. */
  keep: readonly string[];
  /** Absolute paths that something is to be copied from. */
  sources: readonly string[];
}

/** What {@link emptyDirectory} did. */
export interface Emptied {
  /** Absolute paths of the files and links that were deleted. */
  deleted: string[];
  /**
   * When that was, in milliseconds since 1970 by the clock of the directory's filesystem. 0 if nothing was left to the
   * next copy, or if the filesystem does not say.
   */
  at: number;
}

/**
 * Empties a directory before it returns, for a host that has to be done before others write there. Leaves what the
 * manifest names: the next {@link copy} with `emptiedAt` keeps of it what is up to date, and deletes the rest.
 *
 * @throws {CopyError} `ERR_NESTED` if a source lies in the directory; nothing is deleted then
 */
export function emptyDirectory(directory: string, { manifest, keep, sources }: EmptyOptions): Emptied {
  if (!fs.existsSync(directory)) return { deleted: [], at: 0 };
  refuseNested(directory, sources, keep);
  const kept = keep.map((each) => path.resolve(directory, each));
  const recorded = new Recorded(manifest, directory);
  const deleted: string[] = [];
  const pending = [directory];
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    const files = recorded.filesIn(current);
    for (const entry of listEntries({ path: current })) {
      const { name } = entry;
      const isDirectory = entry.isDirectory();
      // A name that is not UTF-8 is neither recorded nor kept.
      if (typeof name === 'string') {
        const full = path.join(current, name);
        if (kept.some((each) => isWithin(each, full))) continue;
        if (isDirectory && (recorded.hasDirectory(full) || kept.some((each) => isWithin(full, each)))) {
          pending.push(full);
          continue;
        }
        if (!isDirectory && files.has(name)) continue;
      }
      remove({ path: current, fd: -1 }, entry, deleted);
    }
  }
  return { deleted, at: recorded.isEmpty ? 0 : timeIn(directory) };
}

/** What a manifest names below one directory. */
class Recorded {
  readonly #files = new Map<string, readonly string[]>();
  readonly #directories = new Set<string>();

  constructor(manifest: string, root: string) {
    for (const [directory, { names }] of foldersOf(manifest, root)) {
      if (!isWithin(root, directory)) continue;
      this.#files.set(directory, names);
      // With those above it, as far as they are not noted yet.
      let current = directory;
      while (!this.#directories.has(current)) {
        this.#directories.add(current);
        if (current !== root) current = path.dirname(current);
      }
    }
  }

  get isEmpty(): boolean {
    return this.#files.size === 0;
  }

  hasDirectory(directory: string): boolean {
    return this.#directories.has(directory);
  }

  filesIn(directory: string): ReadonlySet<string> {
    return new Set(this.#files.get(directory));
  }
}

/** A manifest that is missing, damaged or of another place names nothing; the copy says what is wrong with it. */
function foldersOf(manifest: string, cwd: string): Iterable<[string, { names: readonly string[] }]> {
  try {
    if (!fs.statSync(manifest).isFile()) return [];
    const content = decode(fs.readFileSync(manifest));
    return content.cwd === cwd ? content.folders : [];
  } catch {
    return [];
  }
}

/** Deletes an entry of a directory with all that is in it. */
function remove(parent: Directory, entry: NamedEntry, deleted: string[]): void {
  const files = filesOf(parent, entry);
  try {
    fs.rmSync(pathIn(parent, entry.name), { recursive: true, force: true });
  } catch (error) {
    throw asCopyError(error, { destination: childPaths(parent, entry.name).path });
  }
  deleted.push(...files);
}

/** The files and links that an entry of a directory is. */
function filesOf(parent: Directory, entry: NamedEntry): string[] {
  const paths = childPaths(parent, entry.name);
  if (!entry.isDirectory()) return [paths.path];
  return listEntries(paths).flatMap((each) => filesOf({ ...paths, fd: -1 }, each));
}

/** Of a directory that is made for it: the clocks of the process and of the filesystem may differ. */
function timeIn(directory: string): number {
  try {
    const made = fs.mkdtempSync(path.join(directory, '.fs-reflink-'));
    try {
      return Math.floor(fs.lstatSync(made).ctimeMs);
    } finally {
      fs.rmdirSync(made);
    }
  } catch {
    return 0;
  }
}
