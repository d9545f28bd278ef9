import type { Plugin } from 'vite';
import type { ResolvedOptions } from '../../options/options.ts';
import { loadHost } from './load-host.ts';
import { PUBLIC_NAME } from './names.ts';

/**
 * Makes the public directory of the options Vite's own, so that Vite and other plugins take its files for public
 * where HTML, CSS and modules name them. Vite has room for one: the first whose files keep their paths, of all
 * instances of the plugin.
 */
export function publicDirectoryPlugin(options: ResolvedOptions): Plugin {
  return {
    name: PUBLIC_NAME,
    api: options,
    configResolved: {
      order: 'pre',
      async handler(config) {
        // Older Vites have none.
        if (!config.environments) (await loadHost()).checkConfig(config);
      },
    },
    async config(config) {
      if (!options.publicDirs?.length) return undefined;
      const { publicDirOf } = await import('./public-directory.ts');
      const publicDir = publicDirOf(config, options);
      return publicDir === undefined ? undefined : { publicDir };
    },
  };
}
