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
import { NAME } from './options/name.ts';
import type { Options } from './options/options.ts';
import { refusedByOthers } from './options/other-bundlers.ts';
import { resolveOptions } from './options/resolve-options.ts';

const esbuild = (options?: Options): Plugin => {
  const resolved = resolveOptions(options, 'esbuild');
  const plugin: Plugin = {
    name: NAME,
    // Code that only a build needs is loaded when a build starts, not with the config.
    async setup(build) {
      // After the first `await`, the call of `build()` is not on the stack any more.
      isOneBuild(build.initialOptions);
      // esbuild calls the `onDispose` callbacks of a finished build from a timer. After this timer, the callbacks of
      // all earlier builds have run.
      const [{ setUpEsbuild }] = await Promise.all([import('./hosts/esbuild/plugin.ts'), wait(0)]);
      setUpEsbuild(build, resolved);
    },
  };
  return refusedByOthers(plugin, 'esbuild');
};

export default esbuild;
// `require()` returns the function itself.
export { esbuild as 'module.exports' };
