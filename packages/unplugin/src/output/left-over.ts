import fs from 'node:fs/promises';
import type { ResolvedOptions } from '../options/options.ts';
import { BuildCopies, type HostLog } from './build.ts';
import { manifestFile } from './cache.ts';
import { exclusive } from './exclusive.ts';
import { claimRecord, type Instance, isRecorded } from './record-index.ts';

/** An instance of the plugin whose options name nothing. */
export interface EmptyInstance {
  instance: Omit<Instance, 'targets'>;
  cacheDirectory: string;
  /** Absolute path of the output directory. */
  directory: string;
  /** The directory that paths in messages are relative to. */
  root: string;
}

const NOTHING = { publicTargets: [], targets: [] };

/**
 * Deletes what an earlier build copied into an output directory, for an instance whose options name nothing any more.
 * A host calls it when its bundle is written; where the output is emptied, nothing is left to delete.
 */
export async function deleteLeftOver(
  { instance, cacheDirectory: all, directory, root }: EmptyInstance,
  options: ResolvedOptions,
  log: HostLog,
): Promise<void> {
  if (!isRecorded(instance, all, directory)) return;
  await exclusive(directory, async () => {
    const { cacheDirectory, orphaned, release } = claimRecord(
      { ...instance, targets: NOTHING },
      all,
      directory,
      options,
    );
    const copies = new BuildCopies(options, log, root);
    try {
      copies.begin({ directory, ...NOTHING, cacheDirectory, orphaned, keep: [] });
      await copies.finish(directory);
      // Nothing is to be looked for in the next build.
      if (!options.dryRun) await fs.rm(manifestFile(cacheDirectory, directory), { force: true });
    } finally {
      await copies.end({ keepWorkers: false });
      release();
    }
  });
}
