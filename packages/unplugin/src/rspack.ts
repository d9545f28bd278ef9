/**
 * Copies static files into the output of Rspack.
 *
 * @module
 * @example
 * ```js
 * // rspack.config.js
 * import reflink from 'unplugin-reflink/rspack';
 *
 * export default {
 *   plugins: [reflink({ publicDir: 'public' })],
 * };
 * ```
 */
import type { RspackPluginInstance } from '@rspack/core';
import { rspackPlugin } from './hosts/rspack/plugin.ts';
import type { Options } from './options/options.ts';
import { resolveOptions } from './options/resolve-options.ts';

const rspack = (options?: Options): RspackPluginInstance => rspackPlugin(resolveOptions(options, 'rspack'));

export default rspack;
// `require()` returns the function itself.
export { rspack as 'module.exports' };
