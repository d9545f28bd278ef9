/**
 * Copies static files into the output of Rolldown.
 *
 * @module
 * @example
 * ```js
 * // rolldown.config.js
 * import reflink from 'unplugin-reflink/rolldown';
 *
 * export default {
 *   input: 'src/main.js',
 *   output: { dir: 'dist' },
 *   plugins: [reflink({ publicDir: 'public' })],
 * };
 * ```
 */
import type { Plugin } from 'rolldown';
import { rolldownPlugin } from './hosts/rollup/plugin.ts';
import type { Options } from './options/options.ts';
import { refusedUncalled } from './options/other-bundlers.ts';
import { resolveOptions } from './options/resolve-options.ts';

const rolldown = refusedUncalled(
  (options?: Options): Plugin => rolldownPlugin(resolveOptions(options, 'rolldown')),
  'rolldown',
);

export default rolldown;
// `require()` returns the function itself.
export { rolldown as 'module.exports' };
