import type { ResolvedOptions } from '../../options/options.ts';
import type { NitroOutput } from './output.ts';
import type { Nitro, Nuxt } from './types.ts';

/** Copies into the output of Nitro, when Nitro would. */
export function nuxtModule(options: ResolvedOptions, nuxt: Nuxt): void {
  if (nuxt.options.dev) {
    nuxt.hook('nitro:init', async (nitro: Nitro) => {
      const { serveTargets } = await import('./development-server.ts');
      serveTargets(nitro, nuxt, options);
    });
    return;
  }
  let output: NitroOutput | undefined;
  // In this hook, because Nuxt has by then said what it does itself in `rollup:before`: it writes into public directories.
  nuxt.hook('nitro:config', () => {
    nuxt.hook('nitro:init', async (nitro: Nitro) => {
      if (nitro.options.noPublicDir) return;
      const { NitroOutput } = await import('./output.ts');
      output = new NitroOutput(options, nuxt, nitro);
      // Nuxt has Nitro copy in the same hook, as soon as this one is over.
      nitro.hooks.hook('rollup:before', () => output!.copy());
    });
  });
  nuxt.hook('nitro:build:before', () => output?.setAside());
}
