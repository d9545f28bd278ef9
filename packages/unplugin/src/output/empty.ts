import type { Emptied, EmptySnapshot } from 'fs-reflink/empty';
import { type OutputTargets, sourcesOf } from '../targets/targets.ts';
import { watchedPart } from '../targets/watched.ts';
import { manifestFile } from './cache.ts';

export type { Emptied, EmptySnapshot };

let loaded: typeof import('fs-reflink/empty') | undefined;

/** To be awaited before a directory that exists is emptied: the other functions cannot wait. */
export async function loadEmptying(): Promise<void> {
  loaded ??= await import('fs-reflink/empty');
}

/** What of an output decides what emptying it leaves. */
export interface EmptySettings extends OutputTargets {
  /** Absolute path of the output directory. */
  directory: string;
  /** Where it is noted what was copied. */
  cacheDirectory: string;
  /** What emptying leaves alone, relative to the directory. */
  keep: string[];
  /** What was there when the bundler would have emptied the directory, where that was earlier: nothing else is deleted. */
  snapshot?: EmptySnapshot | undefined;
}

/**
 * Empties an output directory before it returns, but for what earlier builds copied there, which the copy that
 * follows looks at. A host calls it where its bundler would have emptied the directory: what other plugins write from
 * then on stays.
 */
export function emptyOutput({
  directory,
  cacheDirectory,
  keep,
  publicTargets,
  targets,
  snapshot,
}: EmptySettings): Emptied {
  const sources = [...publicTargets, ...targets].flatMap(sourcesOf).map(watchedPart);
  const manifest = manifestFile(cacheDirectory, directory);
  // The directory was not there when the build began: what is in it now, this build has written.
  if (!loaded) return { deleted: [], at: 0 };
  return loaded.emptyDirectory(directory, { manifest, keep, sources, snapshot });
}

/** What {@link emptyOutput} may delete later. */
export function snapshotOf({
  directory,
  cacheDirectory,
  keep,
}: Pick<EmptySettings, 'directory' | 'cacheDirectory' | 'keep'>): EmptySnapshot {
  return new loaded!.EmptySnapshot(directory, { manifest: manifestFile(cacheDirectory, directory), keep });
}
