import { createUnplugin, type UnpluginInstance } from 'unplugin';
import { vitePlugins } from './hosts/vite.ts';
import { type Options, resolveOptions } from './options.ts';

/** The plugin for every bundler; each entry of the package is one of its properties. */
export const reflink: UnpluginInstance<Options | undefined, true> = /* #__PURE__ */ createUnplugin(
  (options, { framework }) => vitePlugins(resolveOptions(options, framework)),
);
