import { fileURLToPath } from 'node:url';
import { packages, publicDirs } from 'example-common/assets.js';
import { type CopyReport, copy } from 'fs-reflink';

export { packages };

export const root = fileURLToPath(new URL('.', import.meta.url));

/** Fills `public/<package>` from node_modules. Quick when it is filled already: the manifest tells. */
export async function preparePublic(): Promise<CopyReport> {
  const targets = publicDirs.map(({ dir, to }) => ({ from: dir, to: `public/${to}` }));
  return copy(targets, {
    cwd: root,
    manifest: 'node_modules/.cache/public.manifest',
    prune: 'placed',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files, unchanged, durationMs } = await preparePublic();
  console.log(`public: ${files} copied, ${unchanged} unchanged, ${Math.round(durationMs)} ms`);
}
