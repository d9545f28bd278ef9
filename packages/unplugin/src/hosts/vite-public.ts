import path from 'node:path';
import type { Plugin, PluginOption } from 'vite';
import type { ResolvedOptions } from '../options.ts';
import { statsOf } from '../stats.ts';
import { checkConfig } from './vite-check.ts';

const NAME = 'unplugin-reflink:public';

/**
 * Makes the public directory of the options Vite's own, so that Vite and other plugins take its files for public
 * where HTML, CSS and modules name them. Vite has room for one: the first whose files keep their paths, of all
 * instances of the plugin.
 */
export function publicDirectoryPlugin(options: ResolvedOptions): Plugin {
  return {
    name: NAME,
    api: options,
    configResolved: { order: 'pre', handler: checkConfig },
    config({ root = process.cwd(), plugins }) {
      const first = instancesIn(plugins).find((each) => directoryOf(each, root));
      if (first && first !== options) return undefined;
      const publicDir = directoryOf(options, root);
      return publicDir === undefined ? undefined : { publicDir };
    },
  };
}

function directoryOf({ publicDirs = [] }: ResolvedOptions, root: string): string | undefined {
  const first = publicDirs.find(({ prefix = '.' }) => path.normalize(`${prefix}/`) === `.${path.sep}`);
  const directory = first && path.resolve(root, first.dir);
  // One that is missing ends Vite's watcher.
  return directory && statsOf(directory)?.isDirectory() ? directory : undefined;
}

/** Of plugins as the config has them: some may be conditions, lists or promises. */
function instancesIn(plugins: PluginOption): ResolvedOptions[] {
  if (Array.isArray(plugins)) return plugins.flatMap(instancesIn);
  const isOurs = plugins && 'name' in plugins && plugins.name === NAME;
  return isOurs ? [(plugins as Plugin).api as ResolvedOptions] : [];
}
