import path from 'node:path';
import type { Compilation } from '@rspack/core';

export const NAME = 'unplugin-reflink';

/** Where a compilation is written: absolute path. */
export function outputOf(compilation: Compilation): string {
  return path.resolve(compilation.getPath(compilation.compiler.outputPath, {}));
}

/** The files of the bundle, relative to the output: names of assets may end in a query. */
export function bundleOf({ assets }: Compilation): string[] {
  return Object.keys(assets).map((name) => name.split('?', 1)[0]!);
}
