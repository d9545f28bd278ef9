import fs from 'node:fs';
import path from 'node:path';
import { exists, isDirectory } from './path-status.ts';

/** Matches names of ASCII characters alone. */
export const ASCII = /^[\0-\x7f]*$/;

/** Removes from a name what some filesystems ignore: the case of letters, and the form of accents. */
export function fold(name: string): string {
  const lower = name.toLowerCase();
  if (ASCII.test(lower)) return lower;
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

/** Folds names as one string, because a call for each of thousands of names would take several times as long. */
export function foldAll(names: readonly string[]): string[] {
  // A name never contains a slash.
  return names.length === 0 ? [] : fold(names.join('/')).split('/');
}

/** Whether the names of one directory are still different after they are folded. */
export function stayDifferent(names: readonly string[]): boolean {
  const given = names.join('/');
  const folded = fold(given);
  return folded === given || new Set(folded.split('/')).size === names.length;
}

/** Whether two paths differ, but only in the case of letters. */
export function differInCaseOnly(one: string, other: string): boolean {
  return one !== other && one.toLowerCase() === other.toLowerCase();
}

/**
 * A path in the spelling that its directories list. On a case-insensitive filesystem one file has many names, and on
 * FUSE and network filesystems each of them has its own inode number. Parts that do not exist stay unchanged.
 */
export function spelledAsStored(file: string): string {
  const parent = path.dirname(file);
  if (parent === file) return file;
  const directory = spelledAsStored(parent);
  const name = path.basename(file);
  return path.join(directory, storedName(directory, name));
}

/** Like {@link spelledAsStored}, but only for the part of the path below `root`. */
export function spelledBelow(root: string, file: string): string {
  const parent = path.dirname(file);
  if (file === root || parent === file || !exists(file)) return file;
  const directory = spelledBelow(root, parent);
  return path.join(directory, storedName(directory, path.basename(file)));
}

function storedName(directory: string, name: string): string {
  let names: string[];
  try {
    names = fs.readdirSync(directory);
  } catch {
    return name;
  }
  if (names.includes(name)) return name;
  const plain = (each: string) => each.normalize('NFC').toLowerCase();
  const stored = names.find((each) => plain(each) === plain(name));
  return stored !== undefined && exists(path.join(directory, name)) ? stored : name;
}

/**
 * Whether a directory ignores the case of letters in names. If it is empty or does not exist yet, its parents decide.
 */
export function ignoresCase(directory: string): boolean {
  for (let current = nearestExisting(directory); ; current = path.dirname(current)) {
    const answer = looksUpAnyCase(current);
    if (answer !== undefined) return answer;
    if (path.dirname(current) === current) return false;
  }
}

/**
 * Whether a directory finds one of its entries under a name in another case; undefined if no entry has letters or the
 * directory cannot be listed. Tests the entries, not the directory's own name: its parent may be on another
 * filesystem.
 */
export function looksUpAnyCase(directory: string): boolean | undefined {
  try {
    // Reads one entry at a time, because the first one usually decides. Avoids `using`, whose helper would be one
    // more file to load.
    const entries = fs.opendirSync(directory);
    try {
      for (let entry = entries.readSync(); entry; entry = entries.readSync()) {
        const other = swapCase(entry.name);
        if (other === entry.name) continue;
        if (!fs.existsSync(path.join(directory, other))) return false;
        // The directory finds the other name but does not list it: both names are the same file.
        if (!fs.readdirSync(directory).includes(other)) return true;
      }
    } finally {
      entries.closeSync();
    }
  } catch {
    // The directory cannot be listed.
  }
  return undefined;
}

/** The directory itself, or the nearest above it that exists. */
export function nearestExisting(directory: string): string {
  for (let current = path.resolve(directory); ; current = path.dirname(current)) {
    if (isDirectory(current) || path.dirname(current) === current) return current;
  }
}

function swapCase(name: string): string {
  const upper = name.toUpperCase();
  return upper === name ? name.toLowerCase() : upper;
}
