import { type AssetsOf, pluginsOf, withAssets } from '../../assets/plugin-order.ts';
import { NAME } from '../../options/name.ts';

/** What is known about a build when it reads its options. */
export interface BuildFacts {
  watching: boolean;
  /** The position of this instance among those of the plugin in this build. */
  position: number;
}

/** The property of a plugin that returns the imported files that the engine copies in its build. */
export const ASSETS: unique symbol = Symbol('assets');

/** The used properties of a plugin that is created for one build. */
interface PluginOfBuild {
  name: string;
  renderStart?: unknown;
  [ASSETS]?: AssetsOf;
}

/**
 * Creates a plugin of Rollup or Rolldown whose object may be in several builds at once: when a build reads its
 * options, a new object replaces the plugin, which `create` returns for this build alone. In a host that does not run
 * `options` hooks, one object serves one build after the other. The `renderStart` of the new object also runs before
 * those of all other plugins. If it has {@link ASSETS}, its `generateBundle` runs after those of all other plugins,
 * which find contents in the bundle in place of stand-ins.
 */
export function pluginPerBuild<P extends PluginOfBuild>(create: (build: BuildFacts) => P): P {
  // If a tool copies the plugin object, the copy has the symbol too.
  const mark = Symbol(NAME);
  const isOurs = (plugin: unknown): plugin is P =>
    typeof plugin === 'object' && plugin !== null && mark in plugin;
  return {
    ...create({ watching: false, position: 0 }),
    [mark]: true,
    async options(this: { meta: { watchMode?: boolean } }, given: { plugins?: unknown }) {
      const plugins = await pluginsOf(given.plugins, mark);
      if (!plugins.some(isOurs)) return undefined;
      const watching = this.meta.watchMode ?? false;
      const instances = plugins.filter((each) => (each as { name?: string }).name === NAME);
      // The `options` hook stays, because another plugin may start a build with the same plugins inside this one.
      const own = (plugin: P) => ({
        ...plugin,
        ...create({ watching, position: instances.indexOf(plugin) }),
      });
      const all = plugins.map((each) => (isOurs(each) ? own(each) : each));
      const ours = all.filter(isOurs);
      const ahead = ours.flatMap(({ renderStart }) =>
        renderStart ? [{ name: `${NAME}:first`, renderStart }] : [],
      );
      const last = ours.filter((each) => each[ASSETS]);
      const assets = last.map((each) => each[ASSETS]!);
      return {
        ...given,
        plugins: [...ahead, ...(assets.length > 0 ? withAssets(all, last, assets, mark) : all)],
      };
    },
  };
}
