import koffi from 'koffi';

/**
 * What all volumes of the process seem to be. `wine` changes nothing; `ntfs` refuses to clone as NTFS does;
 * `refs` clones, a Dev Drive if asked for.
 */
export type VolumeKind = 'wine' | 'ntfs' | 'refs';

export interface HookSettings {
  /** @default 'wine' */
  volume?: VolumeKind;
  /** @default false */
  devDrive?: boolean;
  /** Bytes of a cluster: 4096 or 65536 on ReFS. @default 4096 */
  clusterBytes?: number;
  /** How many clones may share one file's blocks. @default 8175 */
  referenceLimit?: number;
  /** The checksum algorithm of new files: 0 for none, 2 for CRC64, where integrity streams are on. @default 0 */
  newChecksum?: number;
  /** Bytes CopyFileExW copies between two calls of its progress routine. @default 1048576 */
  copyChunkBytes?: number;
  /** Milliseconds it waits before each of these parts. @default 0 */
  copyPauseMs?: number;
}

/** What was done by the functions that are stood in for, in this process. */
export interface HookCounts {
  /** Successful FSCTL_DUPLICATE_EXTENTS_TO_FILE. */
  clones: number;
  /** What they were asked to clone, in whole clusters. */
  clonedBytes: number;
  /** Successful CopyFileExW. */
  copies: number;
  copiedBytes: number;
}

export interface Hook {
  /** Forgets what it knows of files, counts from 0, and sets everything, what is left out to its default. */
  reset(settings?: HookSettings): void;
  counts(): HookCounts;
  /** The Windows error the next FSCTL_DUPLICATE_EXTENTS_TO_FILE fails with. */
  failNextClone(error: number): void;
  /** The Windows error the next CopyFileExW fails with. */
  failNextCopy(error: number): void;
}

/** Why there is no hook here; undefined if there is one. Windows itself needs none. */
export const hookUnavailable: string | undefined = process.env.REFLINK_WINDOWS_HOOK
  ? undefined
  : 'the hook DLL is for Wine';

const VOLUMES: readonly VolumeKind[] = ['wine', 'ntfs', 'refs'];

/**
 * Loads `native/hook` into this process: it stands in for block cloning, ReFS and a CopyFileExW that tells its
 * progress. Has to come before kernel32.dll's functions are looked up, by fs-reflink for one.
 */
export function loadHook(): Hook {
  const library = koffi.load(process.env.REFLINK_WINDOWS_HOOK!);
  const setter = (name: string): ((value: number) => void) => library.func(`void hook_${name}(int value)`);
  const counter = (name: string) => {
    const get = library.func(`int64_t hook_${name}()`);
    return () => Number(get());
  };
  const missing: number = library.func('int hook_missing()')();
  if (missing !== 0) throw new Error(`${missing} functions of kernel32.dll could not be redirected`);

  const clear = library.func('void hook_reset()');
  const mode = setter('mode');
  const devDrive = setter('dev_drive');
  const clusterBytes = setter('cluster_bytes');
  const referenceLimit = setter('reference_limit');
  const newChecksum = setter('new_checksum');
  const copyChunkBytes = setter('copy_chunk_bytes');
  const copyPauseMs = setter('copy_pause_ms');
  const clones = counter('clones');
  const clonedBytes = counter('cloned_bytes');
  const copies = counter('copies');
  const copiedBytes = counter('copied_bytes');
  return {
    reset(settings = {}) {
      clear();
      mode(VOLUMES.indexOf(settings.volume ?? 'wine'));
      devDrive(settings.devDrive ? 1 : 0);
      if (settings.clusterBytes !== undefined) clusterBytes(settings.clusterBytes);
      if (settings.referenceLimit !== undefined) referenceLimit(settings.referenceLimit);
      newChecksum(settings.newChecksum ?? 0);
      if (settings.copyChunkBytes !== undefined) copyChunkBytes(settings.copyChunkBytes);
      copyPauseMs(settings.copyPauseMs ?? 0);
    },
    counts: () => ({
      clones: clones(),
      clonedBytes: clonedBytes(),
      copies: copies(),
      copiedBytes: copiedBytes(),
    }),
    failNextClone: setter('fail_next_clone'),
    failNextCopy: setter('fail_next_copy'),
  };
}
