import type { Folder } from '../model/folder.ts';
import type { JobSettings, PlanSettings } from '../model/job.ts';
import type { System } from '../platform/system.ts';
import { noteError, type Tally } from '../report.ts';
import type { Pending } from '../scan/pending.ts';
import { scanTargets } from '../scan/targets.ts';
import type { Manifest } from './manifest.ts';

/** The module `earlier-runs.ts`, or undefined where {@link needsEarlierRuns} says that nothing of it is needed. */
export type EarlierRuns = typeof import('./earlier-runs.ts') | undefined;

export function needsEarlierRuns(
  { manifest, prune, emptiedAt }: PlanSettings,
  { dryRun }: JobSettings,
): boolean {
  return manifest !== undefined || prune !== false || emptiedAt !== undefined || dryRun;
}

/** What a copy begins with. */
export interface Found {
  /** What earlier runs copied. */
  manifest: Manifest | undefined;
  /** What is to be copied; looked for as it is asked for. */
  folders: Iterable<Folder | Pending>;
}

/**
 * Looks at what is known of earlier runs and at what there is now. `load` is called if there is something known. What the
 * user should know of it goes to `tally`.
 */
export function look(
  plan: PlanSettings,
  job: JobSettings,
  earlier: EarlierRuns,
  load: () => System,
  tally: Tally,
): Found {
  const warn = (message: string) => void tally.warnings.push(message);
  const onError = (error: unknown) => noteError(tally, job, error);
  const { manifest: file, cwd, prune } = plan;
  const { symlinks, preserve } = job.transfer;
  const manifest =
    file === undefined ? undefined : earlier!.Manifest.read(file, cwd, fingerprint(job, plan), warn);
  // Progress is reported for every file, and a dry run changes what it finds.
  const recalls = manifest && manifest.folders.size > 0 && !job.dryRun && !job.progress;
  const recall = recalls
    ? new earlier!.UnchangedDetector(manifest, load(), prune === 'everything').recall
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

/** Files copied with other options may look different, and are copied again. */
function fingerprint(
  { transfer: { preserve, symlinks, reflink } }: JobSettings,
  { targets }: PlanSettings,
): string {
  const ofTargets = targets.some((target) => target.preserve)
    ? [targets.map((target) => target.preserve?.toSorted())]
    : [];
  return JSON.stringify([[...preserve].sort(), symlinks, reflink, ...ofTargets]);
}
