import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError } from '../errors.ts';
import { fromBytes, onDisk } from '../platform/raw-names.ts';
import type { Directory } from '../platform/system.ts';

export type EntryKind = 'file' | 'directory' | 'link' | 'special';

/** What fs.Dirent and fs.Stats have in common. */
export type Typed = Pick<fs.Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink' | 'isFIFO' | 'isSocket'>;

/**
 * Returns what kind of entry this is. A FIFO, a socket or a device throws, unless the copy includes them (`devices`).
 */
export function kindOf(entry: Typed, devices: boolean, directory: string, name = ''): EntryKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  if (entry.isSymbolicLink()) return 'link';
  if (devices) return 'special';
  const what = entry.isFIFO() ? 'a FIFO' : entry.isSocket() ? 'a socket' : 'a device';
  throw new CopyError({
    code: 'ERR_NOT_REGULAR',
    reason: `${what} has no bytes to copy; exclude it ("ignore", --exclude), or have one made by 'devices' in preserve (cp -a)`,
    source: path.join(directory, name),
  });
}

/** The replacement character, which Node.js puts in a name in place of bytes that are not UTF-8. */
export const UNDECODABLE = '\u{FFFD}';

export function hasUndecodable({ name }: { name: string }): boolean {
  return name.includes(UNDECODABLE);
}

/** Node.js sorts the entries it reads; Bun and Deno return them in the order of the filesystem. */
const IS_SORTED = process.versions.bun === undefined && process.versions.deno === undefined;

/**
 * Lists a directory. In a name that is not UTF-8, {@link UNDECODABLE} replaces bytes: see {@link readRawDirectory}.
 * The entries are sorted by name: if several files have the same destination, the last one must not depend on the
 * filesystem.
 */
export function readDirectory(directory: string): fs.Dirent[] {
  try {
    const entries = fs.readdirSync(onDisk(directory), { withFileTypes: true });
    return IS_SORTED ? entries : entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch (error) {
    throw asCopyError(error, { source: directory });
  }
}

/**
 * Like {@link readDirectory}, but a name that is not UTF-8 becomes a string that can be converted back to its bytes.
 */
export function readRawDirectory(directory: string): fs.Dirent[] {
  try {
    const entries = fs.readdirSync(onDisk(directory), { withFileTypes: true, encoding: 'buffer' });
    return entries.map((entry) => Object.assign(entry, { name: fromBytes(entry.name) }));
  } catch (error) {
    throw asCopyError(error, { source: directory });
  }
}

/** A name, and the type that the directory listing reports without a stat call. */
export interface NamedEntry {
  name: string;
  isFile(): boolean;
  isDirectory(): boolean;
}

/**
 * Lists a directory, with names as {@link readRawDirectory} returns them. Returns no entries if the directory is
 * gone.
 */
export function listEntries({ path: directory }: Pick<Directory, 'path'>): NamedEntry[] {
  try {
    const entries = fs.readdirSync(onDisk(directory), { withFileTypes: true });
    return entries.some(hasUndecodable) ? readRawDirectory(directory) : entries;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw asCopyError(error, { destination: directory });
  }
}

/** The error for a name that is not UTF-8, for callers that cannot use such a name. */
export function undecodable(file: string): CopyError {
  return new CopyError({
    code: 'EILSEQ',
    reason:
      'its name is not valid UTF-8, and what needs a name that is cannot have it; rename it, or leave it out with "ignore" (--exclude)',
    source: file,
  });
}
