import path from 'node:path';
import type { BuildResult, Metafile } from 'esbuild';
import type { CopyEntry } from 'fs-reflink';

/** The files that esbuild has written, absolute. */
export function bundlePaths({ metafile }: BuildResult, root: string): string[] {
  return Object.keys(metafile?.outputs ?? {}).map((name) => path.resolve(root, name));
}

/** Adds what was placed to what the metafile says is in the output. */
export function listOutputs(
  metafile: Metafile | undefined,
  entries: readonly CopyEntry[],
  root: string,
): void {
  if (!metafile) return;
  for (const { destination, action, bytes } of entries) {
    if (action === 'pruned') continue;
    const name = path.relative(root, destination).split(path.sep).join('/');
    metafile.outputs[name] = { bytes, inputs: {}, imports: [], exports: [] };
  }
}
