import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asCopyError, CopyError, errorCode } from './errors.ts';
import type { Ability, DirectAbility, Probe, ProbePlace } from './model/probe.ts';
import { loadSystem } from './platform/load.ts';
import { statOf } from './platform/path-status.ts';
import { nearestExisting } from './platform/spelling.ts';
import type { System } from './platform/system.ts';
import { resolvePaths } from './resolve-options.ts';
import { type Original, Trial } from './transfer/trial.ts';

const KIB = 1024;
const LARGE = 256 * KIB;
const SMALL = 4 * KIB;

/** The implementation of `probe`. */
export async function tryAbilities(source: string, destination: string): Promise<Probe> {
  const [given, target] = resolvePaths(source, destination);
  const original = realFile(given);
  const system = loadSystem();
  const paths = { source: given, destination: target };
  const from = placeAt(system, original, paths);
  const to = placeAt(system, target, paths);
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

/** What is known about the nearest directory that exists. */
function placeAt(system: System, wanted: string, paths: { source: string; destination: string }): ProbePlace {
  try {
    const directory = nearestExisting(wanted);
    const { name, type, blockSize, clones, devDrive } = system.filesystem(directory);
    return {
      path: directory,
      filesystem: name,
      type,
      blockSize,
      ...(clones !== undefined && { clones }),
      ...(devDrive !== undefined && { devDrive }),
    };
  } catch (error) {
    throw asCopyError(error, paths);
  }
}

/** A copy follows a link to a file, so the directory to probe is the one that contains the file. */
function realFile(given: string): string {
  return statOf(given)?.isFile() ? fs.realpathSync.native(given) : given;
}
