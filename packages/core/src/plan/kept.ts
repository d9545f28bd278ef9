import path from 'node:path';
import { isInside } from '../inside.ts';
import { spelledBelow } from '../platform/spelling.ts';

/**
 * The absolute paths of what `keep` names below a directory, as the directory lists them: where the case of letters does
 * not count, both may be spelled differently.
 */
export function keptIn(root: string, keep: readonly string[]): string[] {
  return keep.map((each) => {
    const full = path.resolve(root, each);
    return isInside(root, full) ? spelledBelow(root, full) : full;
  });
}
