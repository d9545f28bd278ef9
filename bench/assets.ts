import { copy } from 'fs-reflink';
import { preparePublic, root } from '../examples/vite/prepare-public.ts';

/** What real pages load at run time: the public directory of the examples. */
export async function placeAssets(to: string): Promise<void> {
  await preparePublic();
  await copy({ from: `${root}public`, to }, { reflink: 'never' });
}
