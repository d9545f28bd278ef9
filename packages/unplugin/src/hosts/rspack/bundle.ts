import type { Compilation } from '@rspack/core';

/** The files of the bundle, relative to the output: names of assets may end in a query. */
export function bundleOf({ assets }: Compilation): string[] {
  return Object.keys(assets).map((name) => name.split('?', 1)[0]!);
}
