/**
 * Copies static files into the output of webpack.
 *
 * @module
 * @example
 * ```js
 * // webpack.config.js
 * const reflink = require('unplugin-reflink/webpack');
 *
 * module.exports = {
 *   plugins: [reflink({ publicDir: 'public' })],
 * };
 * ```
 */
import type { WebpackPluginInstance } from 'webpack';
import { webpackPlugin } from './hosts/webpack/plugin.ts';
import type { Options } from './options/options.ts';
import { resolveOptions } from './options/resolve-options.ts';

const webpack = (options?: Options): WebpackPluginInstance =>
  webpackPlugin(resolveOptions(options, 'webpack'));

export default webpack;
// `require()` returns the function itself.
export { webpack as 'module.exports' };
