/**
 * Copies the public directory, which Astro then does not copy itself, and the targets that the options name.
 *
 * @module
 * @example
 * ```js
 * // astro.config.mjs
 * import { defineConfig } from 'astro/config';
 * import reflink from 'unplugin-reflink/astro';
 *
 * export default defineConfig({
 *   integrations: [reflink({ targets: [{ from: 'assets', to: 'assets' }] })],
 * });
 * ```
 */
import { type AstroIntegration, astroIntegration } from './hosts/astro/integration.ts';
import type { Options } from './options/options.ts';
import { refusedByOthers } from './options/other-bundlers.ts';
import { resolveOptions } from './options/resolve-options.ts';

const astro = (options?: Options): AstroIntegration =>
  refusedByOthers(astroIntegration(resolveOptions(options, 'astro')), 'astro');

export default astro;
// `require()` returns the function itself.
export { astro as 'module.exports' };
