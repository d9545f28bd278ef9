import fs from 'node:fs';
import path from 'node:path';
import type { BuildResult, Metafile } from 'esbuild';
import type { CopyEntry } from 'fs-reflink';
import { relativeName } from '../../targets/targets.ts';
import { metafileOf } from './metafile.ts';

/** The absolute paths of the files that esbuild has written. */
export function bundlePaths(result: BuildResult, root: string): string[] {
  return Object.keys(metafileOf(result)?.outputs ?? {}).map((name) => path.resolve(root, name));
}

/** Adds the copied files to the outputs in the metafile. */
export function listOutputs(
  metafile: Metafile | undefined,
  entries: readonly CopyEntry[],
  root: string,
): void {
  if (!metafile) return;
  for (const entry of entries) {
    if (entry.action === 'pruned') continue;
    // The copy reports sizes only for files that it has copied.
    if (entry.action !== 'copied')
      entry.bytes = fs.lstatSync(entry.destination, { throwIfNoEntry: false })?.size ?? 0;
    const name = relativeName(root, entry.destination);
    metafile.outputs[name] = { bytes: entry.bytes, inputs: {}, imports: [], exports: [] };
  }
}
