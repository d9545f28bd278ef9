import type { LadderQuery, Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { clonefile } from './clonefile.ts';
import { copyfile } from './copyfile.ts';
import { nocache } from './nocache.ts';
import { readWrite } from './read-write.ts';

/** In bytes. Up to this size the dozen additional calls of fcopyfile cost more than reading and writing. */
const SMALL_FILE = 64 * 1024;

/**
 * Chooses the ladder of a file: the strategies in the order of the attempts. There are a few fixed lists, so that
 * choosing costs nothing.
 */
export function ladder(bindings: Bindings, cloneFrom: number): (query: LadderQuery) => readonly Strategy[] {
  const buffered = readWrite(bindings);
  const kernel = copyfile(bindings);
  const past = nocache(bindings);
  const full = [buffered];
  const bypass = [past, buffered];
  const small = [buffered, kernel];
  const large = [kernel, buffered];
  const lists = [false, true].map((acl) => {
    const clone = clonefile(bindings, { acl });
    return { always: [clone], cloning: [clone, kernel, buffered], bypass: [clone, past, buffered] };
  });

  return ({ reflink, bypassCache, size, cannotClone, acl }) => {
    const cloning = lists[acl ? 1 : 0]!;
    if (reflink === 'always') return cloning.always;
    if (size === 0) return full;
    const noClone = reflink === 'never' || cannotClone;
    if (bypassCache) return noClone ? bypass : cloning.bypass;
    // Read and write instead of fcopyfile: they report progress, and cannot share blocks unnoticed.
    if (reflink === 'never') return full;
    if (!cannotClone && size >= cloneFrom) return cloning.cloning;
    return size <= SMALL_FILE ? small : large;
  };
}
