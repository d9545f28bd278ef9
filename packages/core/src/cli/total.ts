import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ResolvedCopyOptions } from '../options.ts';
import { Pending } from '../scan/pending.ts';
import { scanTargets } from '../scan/scan.ts';

/** Milliseconds that counting may hold the thread before progress and signals are handled. */
const SLICE_MS = 10;

export interface Total {
  files: number;
  bytes: number;
  /** Bytes that full copies occupy on a disk that allocates blocks of `blockSize` bytes. */
  blocks: number;
}

/**
 * Counts the files and bytes that a copy is going to copy. The copy starts before it knows them, so this scans the
 * files a second time, in parallel. Returns undefined if `ended` returns true, because the result is not needed any
 * more.
 */
export async function countTotal(
  { job, plan }: ResolvedCopyOptions,
  ended: () => boolean = () => false,
  blockSize = 1,
): Promise<Total | undefined> {
  const { symlinks, preserve } = job.transfer;
  const settings = { ...plan, symlinks, devices: preserve.includes('devices') };
  const total: Total = { files: 0, bytes: 0, blocks: 0 };
  let since = performance.now();
  for (const found of scanTargets(settings, () => {})) {
    // A command has no functions as options, so it has nothing to wait for.
    if (found instanceof Pending) continue;
    const { source, names } = found;
    for (const name of names) {
      if (performance.now() - since > SLICE_MS) {
        await nextTurn();
        since = performance.now();
      }
      if (ended()) return undefined;
      const size = sizeOf(path.join(source, name), symlinks === 'follow');
      total.files++;
      total.bytes += size;
      total.blocks += Math.ceil(size / blockSize) * blockSize;
    }
  }
  return total;
}

function sizeOf(file: string, follow: boolean): number {
  const status = (follow ? fs.statSync : fs.lstatSync)(file, { throwIfNoEntry: false });
  return status?.isFile() ? status.size : 0;
}
