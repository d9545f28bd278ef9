/**
 * Copies Nuxt's public directories, and the targets that the options name, into the output of Nitro.
 *
 * @module
 * @example
 * ```ts
 * // nuxt.config.ts
 * export default defineNuxtConfig({
 *   modules: [['unplugin-reflink/nuxt', { targets: [{ from: 'assets', to: 'assets' }] }]],
 * });
 * ```
 */
import { nuxtModule } from './hosts/nuxt/module.ts';
import type { Nuxt } from './hosts/nuxt/types.ts';
import type { Options } from './options/options.ts';
import { resolveOptions } from './options/resolve-options.ts';
import { useEntryIn } from './options/unsupported.ts';

/** Options of the module. Nuxt's own config names the public directories. */
export type NuxtOptions = Omit<Options, 'publicDir' | 'assets' | 'vite' | 'webpack'> & {
  /**
   * Set this to `false` if Nitro should copy Nuxt's public directories, and not the module.
   *
   * @default the module copies them
   */
  publicDir?: false;
};

const nuxt = (given: NuxtOptions | undefined, nuxt: Nuxt): void => {
  if (typeof nuxt?.hook !== 'function')
    throw new TypeError(
      `unplugin-reflink/nuxt is a module of Nuxt, which calls it: name it in "modules" of nuxt.config, ['unplugin-reflink/nuxt', { … }]. ${useEntryIn('Vite', 'vite')}.`,
    );
  const options = resolveOptions(given, 'nuxt');
  if (options.publicDirs?.length)
    throw new TypeError(
      'unplugin-reflink (nuxt): option "publicDir" must be false or left out. Name more public directories in Nuxt\'s option "nitro.publicAssets"',
    );
  nuxtModule(options, nuxt);
};

export default nuxt;
// `require()` returns the function itself.
export { nuxt as 'module.exports' };
