import path from 'node:path';
import type { Plugin } from 'vite';
import type { ResolvedOptions } from '../options.ts';
import { statsOf } from '../stats.ts';

/**
 * Makes the public directory of the options Vite's own, so that Vite and other plugins take its files for public
 * where HTML, CSS and modules name them. Vite has room for one: the first whose files keep their paths.
 */
export function publicDirectoryPlugin({ publicDirs = [] }: ResolvedOptions): Plugin {
  return {
    name: 'unplugin-reflink:public',
    config({ root = process.cwd() }) {
      const first = publicDirs.find(({ prefix = '.' }) => path.normalize(`${prefix}/`) === `.${path.sep}`);
      const directory = first && path.resolve(root, first.dir);
      // One that is missing ends Vite's watcher.
      if (!directory || !statsOf(directory)?.isDirectory()) return undefined;
      return { publicDir: directory };
    },
  };
}
