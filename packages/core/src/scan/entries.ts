import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError } from '../errors.ts';
import { isInside } from '../inside.ts';
import { ifThere } from '../platform/path-status.ts';
import { fromBytes, onDisk } from '../platform/raw-names.ts';
import { isWithin } from './nested.ts';

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

/** An entry of a directory, with its name. */
export type ListedEntry = Typed & { name: string };

/**
 * Lists a directory. A name that is not UTF-8 becomes a string that can be converted back to its bytes. The entries are
 * sorted by name: if several files have the same destination, the last one must not depend on the filesystem.
 */
function list(directory: string): ListedEntry[] {
  const listed: ListedEntry[] = fs.readdirSync(onDisk(directory), { withFileTypes: true });
  const entries = listed.some(hasUndecodable) ? listBytes(directory) : listed;
  if (!IS_SORTED) entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  return process.platform === 'win32' ? withTypes(directory, entries) : entries;
}

/** Lists a directory of the source. */
export function readDirectory(directory: string): ListedEntry[] {
  try {
    return list(directory);
  } catch (error) {
    throw asCopyError(error, { source: directory });
  }
}

/** Lists a directory of the destination. Returns no entries if it is gone. */
export function listEntries(directory: string): ListedEntry[] {
  try {
    return list(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw asCopyError(error, { destination: directory });
  }
}

function listBytes(directory: string): ListedEntry[] {
  // Bun's entries have no names if these are to be bytes.
  if (process.versions.bun !== undefined) return listBytesInBun(directory);
  const entries = fs.readdirSync(onDisk(directory), { withFileTypes: true, encoding: 'buffer' });
  return entries.map((entry) => Object.assign(entry, { name: fromBytes(entry.name) }));
}

function listBytesInBun(directory: string): ListedEntry[] {
  return fs.readdirSync(onDisk(directory), { encoding: 'buffer' }).flatMap((bytes) => {
    const name = fromBytes(bytes);
    const file = Buffer.concat([Buffer.from(`${directory}${path.sep}`), bytes]);
    const status = fs.lstatSync(file, { throwIfNoEntry: false });
    return status ? [Object.assign(status, { name })] : [];
  });
}

/**
 * The entries with their types. On Windows a listing reports every reparse point as a link: also files and directories
 * of OneDrive, deduplicated files, and what a container has from its image. Only lstat tells which are links.
 */
function withTypes(directory: string, entries: ListedEntry[]): ListedEntry[] {
  return entries.map((entry) => {
    if (!entry.isSymbolicLink()) return entry;
    const { name } = entry;
    try {
      return Object.assign(fs.lstatSync(path.join(directory, name)), { name });
    } catch {
      // It was deleted meanwhile, or may not be read: using it reports the error.
      return entry;
    }
  });
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

/** The lstat of a path. Returns undefined if nothing exists there. */
export const lstatIfThere = (file: string): fs.Stats | undefined => ifThere(file, fs.lstatSync);

/** The stat of a path, with links followed. A broken link throws an error that says so. */
export function followLink(source: string): fs.Stats {
  try {
    return fs.statSync(onDisk(source));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asCopyError(error, { source });
    throw new CopyError({
      code: 'ENOENT',
      reason: `broken symbolic link, its target ${JSON.stringify(fs.readlinkSync(onDisk(source), 'utf8'))} does not exist`,
      source,
      cause: error,
    });
  }
}

/**
 * Throws if a linked directory leads back to one of its parents, because walking it would never end. `root` is the
 * start of the walk.
 */
export function refuseCycle(directory: string, root: string): void {
  for (let above = path.dirname(directory); isInside(root, above); above = path.dirname(above)) {
    if (isWithin(directory, above)) {
      throw new CopyError({
        code: 'ELOOP',
        reason: `symbolic link cycle: it leads back to ${JSON.stringify(above)}`,
        source: directory,
      });
    }
    if (above === root) return;
  }
}
