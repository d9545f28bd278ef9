import type { LadderQuery, Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { copyFileEx } from './copy-file-ex.ts';
import { duplicateExtents } from './duplicate-extents.ts';
import { isOnlyBytes } from './only-bytes.ts';
import { readWrite } from './read-write.ts';
import type { Volume } from './volume.ts';

/** The build of Windows 11 24H2 and Server 2025. From this build on, CopyFileExW clones if it can. */
const CLONES_BY_ITSELF = 26_100;
/** The build of Windows 11 22H2, where CopyFileExW clones since an update of February 2024. */
const MAY_CLONE_BY_ITSELF = 22_621;

/**
 * In bytes. Up to this size CopyFileExW, which opens both files again, costs more than reading and writing the open
 * files.
 */
export const SMALL_FILE: number = 64 * 1024;

export interface LadderSettings {
  build: number;
  /** Whether a source was opened through a symbolic link. */
  isFollowed: (source: number) => boolean;
  /** The volume of an open source. */
  volumeOf: (source: number) => Volume | undefined;
}

/**
 * Chooses the ladder of a file: the strategies in the order of the attempts. There are a few fixed lists, so that
 * choosing costs little.
 */
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
