import { createUnplugin, type UnpluginInstance } from 'unplugin';
import { esbuildPlugin } from './hosts/esbuild/plugin.ts';
import { anyPlugin } from './hosts/generic/any.ts';
import { bunPlugin } from './hosts/generic/bun.ts';
import { farmPlugin } from './hosts/generic/farm.ts';
import { rolldownPlugin, rollupPlugin } from './hosts/rollup/plugin.ts';
import { rspackPlugin } from './hosts/rspack/plugin.ts';
import { rsbuildPlugin } from './hosts/rspack/rsbuild.ts';
import { vitePlugins } from './hosts/vite/plugins.ts';
import { isPlain } from './hosts/vite/small.ts';
import { webpackPlugin } from './hosts/webpack/plugin.ts';
import { NAME } from './options/name.ts';
import type { Options } from './options/options.ts';
import { resolveOptions } from './options/resolve-options.ts';
import { noHost } from './options/unsupported.ts';

/** The plugins of all bundlers as one instance of unplugin. The entry of one bundler loads only its own plugin. */
export const reflink: UnpluginInstance<Options | undefined, true> = /* #__PURE__ */ createUnplugin(
  (options, { framework }) => {
    const resolved = resolveOptions(options, framework);
    switch (framework) {
      case 'vite':
        return vitePlugins(resolved, isPlain(options)).map(({ name, enforce, ...vite }) => ({
          name,
          ...(enforce && { enforce }),
          vite,
        }));
      case 'esbuild':
        return [{ name: NAME, esbuild: { setup: esbuildPlugin(resolved).setup } }];
      case 'rollup':
        return [{ name: NAME, rollup: rollupPlugin(resolved) }];
      case 'rolldown':
        return [{ name: NAME, rolldown: rolldownPlugin(resolved) }];
      case 'webpack':
        return [{ name: NAME, webpack: (compiler) => webpackPlugin(resolved).apply(compiler as never) }];
      case 'rspack':
        return [{ name: NAME, rspack: (compiler) => rspackPlugin(resolved).apply(compiler as never) }];
      case 'rsbuild':
        return [{ name: NAME, rsbuild: { setup: rsbuildPlugin(resolved).setup } }];
      case 'farm':
        return [{ name: NAME, farm: farmPlugin(resolved) }];
      case 'bun':
        return [{ name: NAME, bun: { setup: bunPlugin(resolved).setup } }];
      // unloader loads modules and writes no output.
      case 'unloader':
        throw noHost(framework);
      default:
        return [anyPlugin(resolved, framework)];
    }
  },
);
