import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CopyError, errorCode } from './errors.ts';
import { resolvePath } from './options.ts';
import { loadSystem } from './platform/load.ts';
import type { System } from './platform/system.ts';
import type { Method } from './report.ts';
import { type Original, Trial } from './transfer/trial.ts';

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
  /** Copying past the page cache (`O_DIRECT`, `F_NOCACHE`), as `cache: 'bypass'` asks for. */
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

const KIB = 1024;
const LARGE = 256 * KIB;
const SMALL = 4 * KIB;

/**
 * Finds out what can be done between two places, by trying it on scratch files, which it removes. Both may
 * be a file, a directory, or a path that does not exist yet: then the nearest directory that does is used.
 * Where no file can be created beside the source, one that is there is read instead.
 *
 * @example
 * ```ts
 * const { reflink, method } = await probe('public', 'dist');
 * console.log(reflink.supported ? 'clones' : `copies by ${method}, no clones: ${reflink.code}`);
 * ```
 *
 * @throws {TypeError} for an argument that is no path
 */
export async function probe(source: string, destination: string): Promise<Probe> {
  const original = realFile(resolvePath('source', source));
  const system = loadSystem();
  const from = placeAt(system, nearestDirectory(original));
  const to = placeAt(system, nearestDirectory(resolvePath('destination', destination)));
  const loaded = system.name !== 'portable';
  const trial = new Trial(system, from.path, to.path);
  try {
    const { error, ...found } = await tryAll(trial, path.basename(original));
    return {
      platform: process.platform,
      native: loaded ? { loaded } : { loaded, error: system.nativeError ?? 'not loaded' },
      source: from,
      destination: to,
      ...found,
      ...(error && { problem: error.message }),
    };
  } finally {
    trial.close();
  }
}

type Found = Pick<Probe, 'reflink' | 'kernelCopy' | 'direct' | 'sparse' | 'method' | 'smallFileMethod'> & {
  error?: CopyError;
};

async function tryAll(trial: Trial, preferred: string): Promise<Found> {
  try {
    trial.open();
    const large = trial.original(preferred, LARGE);
    const small = trial.original(preferred, SMALL);
    const reflink = toAbility(trial.strategy('clone', large));
    const kernelCopy = toAbility(trial.strategy('kernel', large));
    await nextTurn();
    const direct = tryDirect(trial, large);
    const sparse = toAbility(trial.sparse());
    await nextTurn();
    return {
      reflink,
      kernelCopy,
      direct,
      sparse,
      method: trial.copy(large, LARGE),
      smallFileMethod: trial.copy(small, SMALL),
    };
  } catch (error) {
    if (!(error instanceof CopyError)) throw error;
    const none: Ability = { supported: false, code: error.code };
    return { reflink: none, kernelCopy: none, direct: none, sparse: none, error };
  }
}

function toAbility(result: number): Ability {
  return result < 0 ? { supported: false, code: errorCode(-result) } : { supported: true };
}

function tryDirect(trial: Trial, original: Original): DirectAbility {
  const ability = toAbility(trial.strategy('direct', original));
  return ability.supported ? { ...ability, alignment: trial.alignment(original) } : ability;
}

function placeAt(system: System, directory: string): ProbePlace {
  const { name, type, blockSize, clones, devDrive } = system.filesystem(directory);
  return {
    path: directory,
    filesystem: name,
    type,
    blockSize,
    ...(clones !== undefined && { clones }),
    ...(devDrive !== undefined && { devDrive }),
  };
}

/** A link to a file is followed when it is copied: the place that counts is where the file lies. */
function realFile(given: string): string {
  return statOf(given)?.isFile() ? fs.realpathSync.native(given) : given;
}

function nearestDirectory(given: string): string {
  let current = given;
  while (!statOf(current)?.isDirectory() && path.dirname(current) !== current)
    current = path.dirname(current);
  return current;
}

function statOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file, { throwIfNoEntry: false });
  } catch {
    // A link that leads nowhere, or a directory that may not be searched: what lies above is used.
    return undefined;
  }
}
