import path from 'node:path';
import type { Planned } from 'fs-reflink';
import type { Emptied, EmptySnapshot } from 'fs-reflink/empty';
import { fixedPart, ignoresCase, isInside } from 'fs-reflink/host';
import { allSourcesOf, type OutputTargets } from '../targets/targets.ts';
import { briefly } from './brief-error.ts';
import { manifestFile } from './cache.ts';

export type { Emptied, EmptySnapshot };

let loaded: typeof import('fs-reflink/empty') | undefined;

/** Await this before an existing directory is emptied, because the other functions are synchronous. */
export async function loadEmptying(): Promise<void> {
  loaded ??= await import('fs-reflink/empty');
}

/** The properties of an output that decide what emptying it keeps. */
export interface EmptySettings extends OutputTargets {
  /** Absolute path of the output directory. */
  directory: string;
  /** The directory of the manifest. */
  cacheDirectory: string;
  /** What emptying keeps, relative to the directory. */
  keep: string[];
  /** Set if the bundler would have emptied the directory earlier. Only files that existed then are deleted. */
  snapshot?: EmptySnapshot | undefined;
}

/**
 * Empties an output directory synchronously, except what earlier builds copied there: the following copy decides
 * about that. A host calls this when its bundler would have emptied the directory, so that what other plugins write
 * afterwards stays.
 */
export function emptyOutput({
  directory,
  cacheDirectory,
  keep,
  snapshot,
  ...targets
}: EmptySettings): Emptied {
  const sources = allSourcesOf(targets).map(fixedPart);
  const manifest = manifestFile(cacheDirectory, directory);
  // If emptying is not loaded, the directory did not exist when the build started: this build wrote all files in it.
  if (!loaded) return { deleted: [], at: 0 };
  const { emptyDirectory } = loaded;
  return briefly(() => emptyDirectory(directory, { manifest, keep, sources, snapshot }));
}

/** The snapshots that are in use, with their directories. Builds of this process may share a directory. */
const snapshots = new Map<EmptySnapshot, string>();

/**
 * Records the content of a directory: only this content may be deleted by a later {@link emptyOutput}. Call
 * {@link endSnapshot} when the build has ended.
 */
export function snapshotOf({
  directory,
  cacheDirectory,
  keep,
}: Pick<EmptySettings, 'directory' | 'cacheDirectory' | 'keep'>): EmptySnapshot {
  const { EmptySnapshot } = loaded!;
  const manifest = manifestFile(cacheDirectory, directory);
  const snapshot = briefly(() => new EmptySnapshot(directory, { manifest, keep }));
  snapshots.set(snapshot, directory);
  return snapshot;
}

/** Call this when a copy is planned. The directories that it creates stay, also if they are empty. */
export function keepPlannedDirectories(planned: Planned): void {
  for (const [snapshot, directory] of snapshots)
    snapshot.keepDirectories(planned.findDirectories(snapshot.directories, ignoresCase(directory)));
}

/** Deletes the directories of a snapshot that are empty now, if `isEmptied`: the output was emptied. */
export function endSnapshot(snapshot: EmptySnapshot, { isEmptied }: { isEmptied: boolean }): void {
  snapshots.delete(snapshot);
  if (isEmptied) snapshot.deleteEmptyDirectories();
}

/** What emptying an output directory keeps, relative to it: outputs inside it, and the repository of a deployment. */
export function keptIn(outDir: string, outDirs: Iterable<string> = []): string[] {
  const nested = [...outDirs].filter((other) => other !== outDir && isInside(outDir, other));
  return [...nested.map((other) => path.relative(outDir, other)), '.git'];
}
