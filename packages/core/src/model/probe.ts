import type { Method } from './settings.ts';

/** Whether something works between two places, found by doing it. */
export interface Ability {
  supported: boolean;
  /** Why not, by the name of the error the system answered with, such as `ENOTSUP` or `EXDEV`. */
  code?: string;
}

/** Whether direct I/O works between two places. */
export interface DirectAbility extends Ability {
  /** Bytes that offsets and lengths have to be multiples of: as the kernel says, else what worked. */
  alignment?: number;
}

/** One of two places that were probed. */
export interface ProbePlace {
  /** Absolute path of the directory that was used: the nearest that exists. */
  path: string;
  /** Name of the filesystem (`ext4`, `btrfs`, `apfs`, `ReFS` …), or `type` in hexadecimal for an unknown one. */
  filesystem: string;
  /** The filesystem's number, as `statfs` answers; 0 where there is none. */
  type: number;
  /** Bytes of the smallest part of the disk a file can occupy, and a clone can share. */
  blockSize: number;
  /** Whether the volume says that it can clone; absent where filesystems do not say. */
  clones?: boolean;
  /** Windows: whether the volume is a Dev Drive. */
  devDrive?: boolean;
}

/** What can be done between two places. */
export interface Probe {
  /** The operating system, as `process.platform`. */
  platform: NodeJS.Platform;
  /** Whether koffi could be loaded, without which everything is done by `node:fs`. */
  native: {
    loaded: boolean;
    /** Why not. */
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
  /** Copying past the page cache (`O_DIRECT`, `F_NOCACHE`), as `pageCache: 'bypass'` asks for. */
  direct: DirectAbility;
  /** Whether a hole of a sparse file stays a hole. */
  sparse: Ability;
  /** How a large file is copied by default; absent when that could not be tried. */
  method?: Method;
  /** How a small file is copied by default; absent when that could not be tried. */
  smallFileMethod?: Method;
  /** Why nothing could be tried, for a person. */
  problem?: string;
}
