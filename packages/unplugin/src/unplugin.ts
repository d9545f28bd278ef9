import { createUnplugin, type UnpluginInstance } from 'unplugin';
import { vitePlugins } from './hosts/vite.ts';
import { type Options, resolveOptions } from './options.ts';

/** The plugin of every host as one; the entries of the package load only their own. */
export const reflink: UnpluginInstance<Options | undefined, true> = /* #__PURE__ */ createUnplugin(
  (options, { framework }) =>
    vitePlugins(resolveOptions(options, framework)).map(({ name, enforce, ...vite }) => ({
      name,
      ...(enforce && { enforce }),
      vite,
    })),
);
