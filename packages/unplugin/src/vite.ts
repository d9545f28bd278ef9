/**
 * Takes over Vite's public directory, and copies what else is asked for.
 *
 * @module
 * @example
 * ```ts
 * // vite.config.ts
 * import reflink from 'unplugin-reflink/vite';
 *
 * export default { plugins: [reflink()] };
 * ```
 */
import type { Plugin } from 'vite';
import { vitePlugins } from './hosts/vite/plugins.ts';
import type { Options } from './options/options.ts';
import { refusedByAstro, refusedUncalled } from './options/other-bundlers.ts';
import { resolveOptions } from './options/resolve-options.ts';

// Not by way of unplugin: loading it takes longer than copying a small public directory.
const vite = refusedUncalled((options?: Options): Plugin[] => {
  const [first, ...others] = vitePlugins(resolveOptions(options, 'vite'));
  return [refusedByAstro(first!, 'vite'), ...others];
}, 'vite');

export default vite;
// For require(): the function itself.
export { vite as 'module.exports' };
