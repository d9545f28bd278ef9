import type { Plugin } from 'vite';
import type { ResolvedOptions } from '../../options/options.ts';
import { loadHost } from './load-host.ts';
import { PUBLIC_NAME } from './names.ts';

/**
 * Sets Vite's `publicDir` to a public directory of the options, so that Vite and other plugins treat its files as
 * public where HTML, CSS and modules refer to them. Vite supports one public directory. It gets the first one, of all
 * instances, whose files are copied to the root of the output.
 */
export function publicDirectoryPlugin(options: ResolvedOptions): Plugin {
  return {
    name: PUBLIC_NAME,
    api: options,
    configResolved: {
      order: 'pre',
      async handler(config) {
        // Vite before version 6 has no environments.
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
