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
  return names.includes(name) ? name : (names.find((each) => differInCaseOnly(each, name)) ?? name);
}

/** Whether names that differ only in the case of letters are one file in a directory, which need not be there yet. */
export function ignoresCase(directory: string): boolean {
  for (let current = directory; path.dirname(current) !== current; current = path.dirname(current)) {
    const parent = path.dirname(current);
    const other = swapCase(path.basename(current));
    if (other === path.basename(current) || !fs.existsSync(current)) continue;
    // Found under a name that the directory does not list: it is the same one.
    return fs.existsSync(path.join(parent, other)) && !fs.readdirSync(parent).includes(other);
  }
  return false;
}

function swapCase(name: string): string {
  const upper = name.toUpperCase();
  return upper === name ? name.toLowerCase() : upper;
}
