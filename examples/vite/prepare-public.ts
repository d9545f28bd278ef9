import { realpath } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type CopyReport, copy } from 'fs-reflink';

/** What each package wants to have in the public directory. */
export const packages = {
  cesium: 'Build/Cesium',
  tinymce: '.',
  'onnxruntime-web': 'dist',
  '@ffmpeg/core': 'dist',
  'simple-icons': 'icons',
};

export const root = fileURLToPath(new URL('.', import.meta.url));

/** Fills `public/<package>` from node_modules. Quick when it is filled already: the manifest tells. */
export async function preparePublic(): Promise<CopyReport> {
  const targets = Object.entries(packages).map(async ([name, folder]) => ({
    from: await realpath(`${root}node_modules/${name}/${folder}`),
    to: `public/${name}`,
  }));
  return copy(await Promise.all(targets), {
    cwd: root,
    manifest: 'node_modules/.cache/public.manifest',
    prune: 'placed',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files, unchanged, durationMs } = await preparePublic();
  console.log(`public: ${files} files placed, ${unchanged} unchanged, ${Math.round(durationMs)} ms`);
}
