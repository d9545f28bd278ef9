import { createUnplugin, type UnpluginInstance, type UnpluginOptions } from 'unplugin';
import { setUpEsbuild } from './hosts/esbuild/plugin.ts';
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
import type { Options, ResolvedOptions } from './options/options.ts';
import { resolveOptions } from './options/resolve-options.ts';
import { noHost } from './options/unsupported.ts';

/** The plugins of all bundlers as one instance of unplugin. The entry of one bundler loads only its own plugin. */
export const reflink: UnpluginInstance<Options | undefined, true> = /* #__PURE__ */ createUnplugin(
  (options, { framework }) => {
    const resolved = resolveOptions(options, framework);
    // unloader loads modules and writes no output.
    if (framework === 'unloader') throw noHost(framework);
    if (framework === 'vite')
      return vitePlugins(resolved, isPlain(options)).map(({ name, enforce, ...vite }) => ({
        name,
        ...(enforce && { enforce }),
        vite,
      }));
    const plugin = PLUGINS[framework]?.(resolved);
    return [plugin ? { name: NAME, ...plugin } : anyPlugin(resolved, framework)];
  },
);

const PLUGINS: Partial<Record<string, (options: ResolvedOptions) => Omit<UnpluginOptions, 'name'>>> = {
  esbuild: (options) => ({ esbuild: { setup: (build) => setUpEsbuild(build, options) } }),
  rollup: (options) => ({ rollup: rollupPlugin(options) }),
  rolldown: (options) => ({ rolldown: rolldownPlugin(options) }),
  webpack: (options) => ({ webpack: (compiler) => webpackPlugin(options).apply(compiler as never) }),
  rspack: (options) => ({ rspack: (compiler) => rspackPlugin(options).apply(compiler as never) }),
  rsbuild: (options) => ({ rsbuild: { setup: rsbuildPlugin(options).setup } }),
  farm: (options) => ({ farm: farmPlugin(options) }),
  bun: (options) => ({ bun: { setup: bunPlugin(options).setup } }),
};
