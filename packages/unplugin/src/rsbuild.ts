/**
 * Copies the public directory, which Rsbuild then does not copy itself, and the targets that the options name.
 *
 * @module
 * @example
 * ```ts
 * // rsbuild.config.ts
 * import reflink from 'unplugin-reflink/rsbuild';
 *
 * export default { plugins: [reflink()] };
 * ```
 */
import type { RsbuildPlugin } from '@rsbuild/core';
import { rsbuildPlugin } from './hosts/rspack/rsbuild.ts';
import type { Options } from './options/options.ts';
import { refusedByOthers } from './options/other-bundlers.ts';
import { resolveOptions } from './options/resolve-options.ts';

const rsbuild = (options?: Options): RsbuildPlugin =>
  refusedByOthers(rsbuildPlugin(resolveOptions(options, 'rsbuild')), 'rsbuild');

export default rsbuild;
// `require()` returns the function itself.
export { rsbuild as 'module.exports' };
