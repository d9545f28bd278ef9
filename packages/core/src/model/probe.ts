import type { Method } from './settings.ts';

/** Whether something works between two places, found by doing it. */
export interface Ability {
  supported: boolean;
  /** If not: the name of the system's error, such as `ENOTSUP` or `EXDEV`. */
  code?: string;
}

/** Whether direct I/O works between two places. */
export interface DirectAbility extends Ability {
  /**
   * The alignment in bytes that offsets and lengths need: as the kernel reports it, otherwise the one that worked.
   */
  alignment?: number;
}

/** One of two places that were probed. */
export interface ProbePlace {
  /** Absolute path of the directory that was used: the nearest existing one. */
  path: string;
  /** Name of the filesystem (`ext4`, `btrfs`, `apfs`, `ReFS` …), or `type` in hexadecimal for an unknown one. */
  filesystem: string;
  /** The filesystem's number, as `statfs` returns it; 0 if there is none. */
  type: number;
  /** Block size in bytes: the smallest part of the disk that a file can occupy and a clone can share. */
  blockSize: number;
  /** Whether the volume reports that it can clone; absent if the filesystem does not report this. */
  clones?: boolean;
  /** Windows: whether the volume is a Dev Drive. */
  devDrive?: boolean;
}

/** What can be done between two places. */
export interface Probe {
  /** The operating system, as `process.platform`. */
  platform: NodeJS.Platform;
  /** Whether koffi could be loaded. If not, `node:fs` does everything. */
  native: {
    loaded: boolean;
    /** If not: the error. */
    error?: string;
  };
  /** Where files would come from. */
  source: ProbePlace;
  /** Where files would go to. */
  destination: ProbePlace;
  /** Cloning: both files share their blocks. */
  reflink: Ability;
  /** Copying inside the kernel. */
  kernelCopy: Ability;
  /** Copying past the page cache (`O_DIRECT`, `F_NOCACHE`), as with `pageCache: 'bypass'`. */
  direct: DirectAbility;
  /** Whether a hole of a sparse file stays a hole. */
  sparse: Ability;
  /** How a large file is copied by default; absent when that could not be tried. */
  method?: Method;
  /** How a small file is copied by default; absent when that could not be tried. */
  smallFileMethod?: Method;
  /** Why nothing could be tried, in words. */
  problem?: string;
}
