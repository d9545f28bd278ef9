import type { ResolvedOptions } from '../../options/options.ts';
import type { nitroOutput } from './output.ts';
import type { Nitro, Nuxt } from './types.ts';

/** Copies into the output of Nitro, just before Nitro itself would copy. */
export function nuxtModule(options: ResolvedOptions, nuxt: Nuxt): void {
  if (nuxt.options.dev) {
    nuxt.hook('nitro:init', async (nitro: Nitro) => {
      const { serveTargets } = await import('./development-server.ts');
      serveTargets(nitro, nuxt, options);
    });
    return;
  }
  let output: ReturnType<typeof nitroOutput> | undefined;
  // Added in this hook, so that Nuxt's own `rollup:before`, which writes into public directories, is added earlier.
  nuxt.hook('nitro:config', () => {
    nuxt.hook('nitro:init', async (nitro: Nitro) => {
      if (nitro.options.noPublicDir) return;
      const { nitroOutput } = await import('./output.ts');
      output = nitroOutput(options, nuxt, nitro);
      // Nuxt lets Nitro copy in the same hook, right after this callback.
      nitro.hooks.hook('rollup:before', () => output!.copy());
    });
  });
  nuxt.hook('nitro:build:before', () => output?.setAside());
}
