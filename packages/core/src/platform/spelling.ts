import fs from 'node:fs';
import path from 'node:path';

/** Whether two paths are the same but for the case of letters, and not the same. */
export function differInCaseOnly(one: string, other: string): boolean {
  return one !== other && one.toLowerCase() === other.toLowerCase();
}

/**
 * A path as its directories spell it. Where the case of letters does not count, one file has many names, and
 * on FUSE and network filesystems each of them its own inode number. Parts that do not exist stay as given.
 */
export function spelledAsStored(file: string): string {
  const parent = path.dirname(file);
  if (parent === file) return file;
  const directory = spelledAsStored(parent);
  const name = path.basename(file);
  return path.join(directory, storedName(directory, name));
}

function storedName(directory: string, name: string): string {
  let names: string[];
  try {
    names = fs.readdirSync(directory);
  } catch {
    return name;
  }
  if (names.includes(name)) return name;
  const stored = names.find((each) => differInCaseOnly(each, name));
  return stored !== undefined && isThere(path.join(directory, name)) ? stored : name;
}

/** Where the case of letters counts, a name that no directory lists is not there. */
function isThere(file: string): boolean {
  try {
    return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** Whether names that differ only in the case of letters are one file in a directory, which need not be there yet. */
export function ignoresCase(directory: string): boolean {
  for (let current = nearestExisting(directory); ; current = path.dirname(current)) {
    const answer = looksUpAnyCase(current);
    if (answer !== undefined) return answer;
    if (path.dirname(current) === current) return false;
  }
}

/**
 * Whether a directory finds a name in it by other cases of its letters; undefined where it holds no name that tells.
 * A directory is asked by what is in it: the one above may lie on another filesystem.
 */
export function looksUpAnyCase(directory: string): boolean | undefined {
  try {
    // One at a time: the first will do as a rule. Without `using`, whose helper is a file of its own to load.
    const entries = fs.opendirSync(directory);
    try {
      for (let entry = entries.readSync(); entry; entry = entries.readSync()) {
        const other = swapCase(entry.name);
        if (other === entry.name) continue;
        if (!fs.existsSync(path.join(directory, other))) return false;
        // Found under a name that the directory does not list: it is the same one.
        if (!fs.readdirSync(directory).includes(other)) return true;
      }
    } finally {
      entries.closeSync();
    }
  } catch {
    // It may not be listed.
  }
  return undefined;
}

/** The directory itself, or the nearest above it that exists. */
export function nearestExisting(directory: string): string {
  for (let current = path.resolve(directory); ; current = path.dirname(current)) {
    if (isDirectory(current) || path.dirname(current) === current) return current;
  }
}

function isDirectory(directory: string): boolean {
  try {
    return fs.statSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}

function swapCase(name: string): string {
  const upper = name.toUpperCase();
  return upper === name ? name.toLowerCase() : upper;
}
