import type { Compilation } from '@rspack/core';

/** The files of the bundle, relative to the output. */
export function bundleOf({ assets }: Compilation): string[] {
  return Object.keys(assets).map(fileOf);
}

/** Names of assets may end in a query, which is no part of the name of the file. */
export function fileOf(name: string): string {
  return name.split('?', 1)[0]!;
}
