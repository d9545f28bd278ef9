/**
 * Places static files into the output of esbuild.
 *
 * @module
 * @example
 * ```js
 * import { build } from 'esbuild';
 * import reflink from 'unplugin-reflink/esbuild';
 *
 * await build({
 *   entryPoints: ['src/main.js'],
 *   bundle: true,
 *   outdir: 'dist',
 *   plugins: [reflink({ publicDir: 'public' })],
 * });
 * ```
 */
import type { Plugin } from 'esbuild';
import { esbuildPlugin } from './hosts/esbuild.ts';
import { type Options, resolveOptions } from './options.ts';

const esbuild = (options?: Options): Plugin => esbuildPlugin(resolveOptions(options, 'esbuild'));

export default esbuild;
// For require(): the function itself.
export { esbuild as 'module.exports' };
