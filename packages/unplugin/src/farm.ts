/**
 * Copies static files into the output of Farm.
 *
 * @module
 * @example
 * ```ts
 * // farm.config.ts
 * import { defineConfig } from '@farmfe/core';
 * import reflink from 'unplugin-reflink/farm';
 *
 * export default defineConfig({
 *   plugins: [reflink({ targets: [{ from: 'assets', to: 'assets' }] })],
 * });
 * ```
 */
import type { JsPlugin } from '@farmfe/core';
import { farmPlugin } from './hosts/generic/farm.ts';
import type { Options } from './options/options.ts';
import { resolveOptions } from './options/resolve-options.ts';

const farm = (options?: Options): JsPlugin => farmPlugin(resolveOptions(options, 'farm'));

export default farm;
// `require()` returns the function itself.
export { farm as 'module.exports' };
