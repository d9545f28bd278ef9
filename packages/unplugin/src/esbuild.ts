/**
 * Copies static files into the output of esbuild.
 *
 * @module
 * @example
 * ```js
 * import { build } from 'esbuild';
 * import reflink from 'unplugin-reflink/esbuild';
 *
 * await build({
 *   entryPoints: ['src/main.js'],
 *   bundle: true,
 *   outdir: 'dist',
 *   plugins: [reflink({ publicDir: 'public' })],
 * });
 * ```
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Plugin } from 'esbuild';
import { isOneBuild } from './hosts/esbuild/one-build.ts';
import type { Options } from './options/options.ts';
import { refusedByOthers } from './options/other-bundlers.ts';
import { resolveOptions } from './options/resolve-options.ts';

const esbuild = (options?: Options): Plugin => {
  const resolved = resolveOptions(options, 'esbuild');
  const plugin: Plugin = {
    name: 'unplugin-reflink',
    // What a build needs is loaded when there is one, not with the config.
    async setup(build) {
      isOneBuild(build.initialOptions);
      // esbuild calls what a finished build has for `onDispose` by a timer: those of builds before this one come first.
      const [{ esbuildPlugin }] = await Promise.all([import('./hosts/esbuild/plugin.ts'), wait(0)]);
      await esbuildPlugin(resolved).setup(build);
    },
  };
  return refusedByOthers(plugin, 'esbuild');
};

export default esbuild;
// For require(): the function itself.
export { esbuild as 'module.exports' };
