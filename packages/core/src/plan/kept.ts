import path from 'node:path';
import { isInside } from '../inside.ts';
import { spelledBelow } from '../platform/spelling.ts';

/**
 * The absolute paths of the entries in `keep` below a directory, spelled as the directory lists them: if letter case
 * does not matter there, `keep` may spell them differently.
 */
export function keptIn(root: string, keep: readonly string[]): string[] {
  return keep.map((each) => {
    const full = path.resolve(root, each);
    return isInside(root, full) ? spelledBelow(root, full) : full;
  });
}
