/**
 * Copies static files into the output of Rollup.
 *
 * @module
 * @example
 * ```js
 * // rollup.config.js
 * import reflink from 'unplugin-reflink/rollup';
 *
 * export default {
 *   input: 'src/main.js',
 *   output: { dir: 'dist' },
 *   plugins: [reflink({ publicDir: 'public' })],
 * };
 * ```
 */
import type { Plugin } from 'rollup';
import { rollupPlugin } from './hosts/rollup/plugin.ts';
import type { Options } from './options/options.ts';
import { refusedUncalled } from './options/other-bundlers.ts';
import { resolveOptions } from './options/resolve-options.ts';

const rollup = refusedUncalled(
  (options?: Options): Plugin => rollupPlugin(resolveOptions(options, 'rollup')),
  'rollup',
);

export default rollup;
// `require()` returns the function itself.
export { rollup as 'module.exports' };
