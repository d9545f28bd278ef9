import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What each package loads at run time, so that it has to lie in the output under the package's name. */
export const packages = {
  cesium: 'Build/Cesium',
  tinymce: '.',
  'onnxruntime-web': 'dist',
  '@ffmpeg/core': 'dist',
  'simple-icons': 'icons',
};

/** The packages' directories, as the option `publicDir` takes them. */
export const publicDirs = Object.entries(packages).map(([to, folder]) => ({
  dir: realpathSync(fileURLToPath(new URL(`node_modules/${to}/${folder}`, import.meta.url))),
  to,
}));

/** Directory of the page that all examples without a dev server show. */
export const page = fileURLToPath(new URL('page', import.meta.url));

/** Directory of the page that imports large files. */
export const imported = fileURLToPath(new URL('imported', import.meta.url));
