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
