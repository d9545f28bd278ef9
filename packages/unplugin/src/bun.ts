/**
 * Copies static files into the output of `Bun.build`.
 *
 * @module
 * @example
 * ```ts
 * // build.ts
 * import reflink from 'unplugin-reflink/bun';
 *
 * await Bun.build({
 *   entrypoints: ['src/main.ts'],
 *   outdir: 'dist',
 *   plugins: [reflink({ publicDir: 'public' })],
 * });
 * ```
 */
import { type BunPlugin, bunPlugin } from './hosts/generic/bun.ts';
import type { Options } from './options/options.ts';
import { refusedByOthers } from './options/other-bundlers.ts';
import { resolveOptions } from './options/resolve-options.ts';

const bun = (options?: Options): BunPlugin =>
  refusedByOthers(bunPlugin(resolveOptions(options, 'bun')), 'bun');

export default bun;
// `require()` returns the function itself.
export { bun as 'module.exports' };
