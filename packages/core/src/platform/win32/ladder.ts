import type { LadderQuery, Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { copyFileEx } from './copy-file-ex.ts';
import { duplicateExtents } from './duplicate-extents.ts';
import { readWrite } from './read-write.ts';

/** Windows 11 24H2 and Server 2025, whose CopyFileExW clones where it can. */
const CLONES_BY_ITSELF = 26_100;
/** Windows 11 22H2, which does since an update of February 2024. */
const MAY_CLONE_BY_ITSELF = 22_621;

/** The ladder of strategies for a file; a few fixed lists, so that choosing costs nothing. */
export function strategies(
  bindings: Bindings,
  { build, isFollowed }: { build: number; isFollowed: (source: number) => boolean },
): (query: LadderQuery) => readonly Strategy[] {
  const clone = duplicateExtents(bindings);
  const cached = copyFileEx(bindings, { bypassCache: false, isFollowed });
  const uncached = copyFileEx(bindings, { bypassCache: true, isFollowed });
  const buffered = readWrite(bindings);

  const always = [clone];
  const full = [buffered];
  const copying = [cached, buffered];
  const bypassing = [uncached, buffered];
  const cloning = [clone, cached, buffered];
  const bypassCloning = [clone, uncached, buffered];

  return ({ reflink, bypassCache, size, cannotClone }) => {
    if (reflink === 'always') return always;
    if (reflink === 'never' && build >= MAY_CLONE_BY_ITSELF) return full;
    const noClone = reflink === 'never' || cannotClone || size === 0 || build >= CLONES_BY_ITSELF;
    if (bypassCache) return noClone ? bypassing : bypassCloning;
    return noClone ? copying : cloning;
  };
}
