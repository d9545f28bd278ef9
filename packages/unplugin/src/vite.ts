/**
 * Copies the public directory, which Vite then does not copy itself, and the targets that the options name.
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
import { isPlain } from './hosts/vite/small.ts';
import type { Options } from './options/options.ts';
import { refusedByAstro, refusedUncalled } from './options/other-bundlers.ts';
import { resolveOptions } from './options/resolve-options.ts';

// This entry does not use unplugin: loading it takes longer than copying a small public directory.
const vite = refusedUncalled((options?: Options): Plugin[] => {
  const [first, ...others] = vitePlugins(resolveOptions(options, 'vite'), isPlain(options));
  return [refusedByAstro(first!, 'vite'), ...others];
}, 'vite');

export default vite;
// `require()` returns the function itself.
export { vite as 'module.exports' };
