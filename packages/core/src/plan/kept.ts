import fs from 'node:fs';
import path from 'node:path';
import { isInside } from '../inside.ts';
import { spelledBelow } from '../platform/spelling.ts';

/**
 * The absolute paths of the entries in `keep` below a directory, spelled as the directory lists them: if letter case
 * does not matter there, `keep` may spell them differently.
 */
export function keptIn(root: string, keep: readonly string[]): string[] {
  return keep.map((each) => nameBelow(root, path.resolve(root, each)));
}

/**
 * A path as names below `root`, if it lies there: it may lead there through a link above, by a short name of Windows,
 * or by another drive. Returns any other path unchanged.
 */
export function nameBelow(root: string, file: string): string {
  if (isInside(root, file)) return spelledBelow(root, file);
  const real = withoutLinksAbove(file);
  // The directory itself may be a link.
  const outer = path.dirname(withoutLinksAbove(path.join(root, '_')));
  return isInside(outer, real) ? spelledBelow(root, path.join(root, path.relative(outer, real))) : file;
}

/** The path without links above its last part, which may be a link itself and need not exist. */
function withoutLinksAbove(file: string): string {
  const parent = path.dirname(file);
  if (parent === file) return file;
  let above: string;
  try {
    above = fs.realpathSync.native(parent);
  } catch {
    above = withoutLinksAbove(parent);
  }
  return path.join(above, path.basename(file));
}
