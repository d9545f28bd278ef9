import type { PlannedQueue } from '../model/batch.ts';
import type { Folder } from '../model/files.ts';
import type { JobSettings, PlanSettings } from '../model/job.ts';
import type { System } from '../platform/system.ts';
import { noteError, type Tally } from '../report.ts';
import type { Pending } from '../scan/pending.ts';
import { scanTargets } from '../scan/scan.ts';
import type { Manifest } from './manifest.ts';
import type { ChangedNames } from './record.ts';

/** The module `earlier-runs.ts`. Undefined if {@link needsEarlierRuns} returns false. */
export type EarlierRuns = typeof import('./earlier-runs.ts') | undefined;

export function needsEarlierRuns(
  { manifest, prune, emptiedAt }: PlanSettings,
  { dryRun }: JobSettings,
): boolean {
  return manifest !== undefined || prune !== false || emptiedAt !== undefined || dryRun;
}

/** What planning a copy needs. */
export interface PlanContext {
  queue: PlannedQueue;
  plan: PlanSettings;
  job: JobSettings;
  system: System;
  /** Gets the counts and the warnings. */
  tally: Tally;
  changed: ChangedNames;
}

/** What a copy starts with. */
export interface PlanInput {
  /** The manifest of earlier runs. */
  manifest: Manifest | undefined;
  /** The folders to copy. The scan runs while this is iterated. */
  folders: Iterable<Folder | Pending>;
}

/** Reads the manifest and starts the scan. */
export function startScan({ plan, job, system, tally }: PlanContext, earlier: EarlierRuns): PlanInput {
  const warn = (message: string) => void tally.warnings.push(message);
  const onError = (error: unknown) => noteError(tally, job, error);
  const { manifest: file, cwd, prune } = plan;
  const { symlinks, preserve } = job.transfer;
  const manifest =
    file === undefined ? undefined : earlier!.Manifest.read(file, cwd, fingerprint(job, plan), warn);
  // Progress needs every file.
  const recalls = manifest && manifest.folders.size > 0 && !job.progress;
  const recall = recalls
    ? new earlier!.UnchangedDetector(manifest, system, prune === 'everything').recall
    : undefined;
  return {
    manifest,
    folders: scanTargets(
      {
        ...plan,
        symlinks,
        raw: process.platform !== 'win32',
        devices: preserve.includes('devices'),
        recall,
        onError,
      },
      warn,
    ),
  };
}

/**
 * The options that change what a copied file looks like: if they differ from those of the manifest, files are copied
 * again.
 */
function fingerprint(
  { transfer: { preserve, symlinks, reflink } }: JobSettings,
  { targets }: PlanSettings,
): string {
  // The records do not tell which target copied a file.
  const ofTargets = targets.some((target) => target.preserve)
    ? targets.map(({ from, others, excluded, base, to, ignore, overwrite, preserve: own }) => [
        [own?.toSorted(), from, to, base, ignore, overwrite],
        [others?.map((each) => each.from), excluded],
      ])
    : [];
  return JSON.stringify([[...preserve].sort(), symlinks, reflink, ...ofTargets]);
}
