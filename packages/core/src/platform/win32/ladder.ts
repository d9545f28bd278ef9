import type { LadderQuery, Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { copyFileEx } from './copy-file-ex.ts';
import { duplicateExtents } from './duplicate-extents.ts';
import { isOnlyBytes } from './only-bytes.ts';
import { readWrite } from './read-write.ts';
import type { Volume } from './volume.ts';

/** Windows 11 24H2 and Server 2025, whose CopyFileExW clones where it can. */
const CLONES_BY_ITSELF = 26_100;
/** Windows 11 22H2, which does since an update of February 2024. */
const MAY_CLONE_BY_ITSELF = 22_621;

/** Up to here CopyFileExW, which opens both files again, costs more than reading and writing what is open. */
export const SMALL_FILE: number = 64 * 1024;

export interface LadderSettings {
  build: number;
  /** Whether a source was opened through a symbolic link. */
  isFollowed: (source: number) => boolean;
  /** The volume of an open source. */
  volumeOf: (source: number) => Volume | undefined;
}

/** The ladder of strategies for a file; a few fixed lists, so that choosing costs little. */
export function strategies(
  bindings: Bindings,
  { build, isFollowed, volumeOf }: LadderSettings,
): (query: LadderQuery) => readonly Strategy[] {
  const clone = duplicateExtents(bindings);
  const cached = copyFileEx(bindings, { bypassCache: false, isFollowed });
  const uncached = copyFileEx(bindings, { bypassCache: true, isFollowed });
  const buffered = readWrite(bindings);

  const always = [clone];
  const full = [buffered];
  const small = [buffered, cached];
  const copying = [cached, buffered];
  const bypassing = [uncached, buffered];
  const cloning = [clone, cached, buffered];
  const bypassCloning = [clone, uncached, buffered];

  return ({ reflink, bypassCache, size, cannotClone, source }) => {
    if (reflink === 'always') return always;
    if (reflink === 'never' && build >= MAY_CLONE_BY_ITSELF) return full;
    const nothingToShare = reflink === 'never' || cannotClone || size === 0;
    const noClone = nothingToShare || build >= CLONES_BY_ITSELF;
    if (bypassCache) return noClone ? bypassing : bypassCloning;
    if (size <= SMALL_FILE && source !== undefined) {
      const mayBeShared = !nothingToShare && volumeOf(source)?.clones !== false;
      if (!mayBeShared && isOnlyBytes(bindings, source)) return small;
    }
    return noClone ? copying : cloning;
  };
}
