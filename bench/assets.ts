import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { copy } from 'fs-reflink';
import { preparePublic, root } from '../examples/vite/prepare-public.ts';

/** Directory of the package `cesium`. */
export const cesium = realpathSync(
  fileURLToPath(new URL('../examples/common/node_modules/cesium', import.meta.url)),
);

/** What real pages load at run time: the public directory of the examples. */
export async function placeAssets(to: string): Promise<void> {
  await preparePublic();
  await copy({ from: `${root}public`, to }, { reflink: 'never' });
}
