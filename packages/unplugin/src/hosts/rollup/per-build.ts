import { type AssetsOf, pluginsOf, withAssets } from '../../assets/plugin-order.ts';
import { NAME } from '../../options/name.ts';

interface InputOptions {
  plugins?: unknown;
}

interface Context {
  meta: { watchMode?: boolean };
}

/** What is known about a build when it reads its options. */
export interface BuildFacts {
  watching: boolean;
  /** The position of this instance among those of the plugin in this build. */
  position: number;
}

/**
 * Creates a plugin of Rollup or Rolldown whose object may be in several builds at once: when a build reads its
 * options, a new object replaces the plugin, which `create` returns for this build alone. In a host that does not run
 * `options` hooks, one object serves one build after the other. `first` returns the hooks that run before those of
 * all other plugins. If `assetsOf` returns something for an object, its `generateBundle` runs after those of all
 * other plugins, which find contents in the bundle in place of stand-ins.
 */
export function pluginPerBuild<P extends object>(
  create: (build: BuildFacts) => P,
  first?: (plugin: P) => object,
  assetsOf: (plugin: P) => AssetsOf | undefined = () => undefined,
): P {
  // If a tool copies the plugin object, the copy has the symbol too.
  const mark = Symbol(NAME);
  const isOurs = (plugin: unknown): plugin is P =>
    typeof plugin === 'object' && plugin !== null && mark in plugin;
  return {
    ...create({ watching: false, position: 0 }),
    [mark]: true,
    async options(this: Context, given: InputOptions): Promise<InputOptions | undefined> {
      const plugins = await pluginsOf(given.plugins, mark);
      if (!plugins.some(isOurs)) return undefined;
      const watching = this.meta.watchMode ?? false;
      const instances = plugins.filter((each) => (each as { name?: string }).name === NAME);
      // The `options` hook stays, because another plugin may start a build with the same plugins inside this one.
      const own = (plugin: P) => ({
        ...plugin,
        ...create({ watching, position: instances.indexOf(plugin) }),
      });
      const ours: P[] = [];
      const all = plugins.map((each) => (isOurs(each) ? ours[ours.push(own(each)) - 1] : each));
      const ahead = first ? ours.map((each) => ({ name: `${NAME}:first`, ...first(each) })) : [];
      const assets = ours.flatMap((each) => assetsOf(each) ?? []);
      if (assets.length === 0) return { ...given, plugins: [...ahead, ...all] };
      const last = ours.filter((each) => assetsOf(each));
      return { ...given, plugins: [...ahead, ...withAssets(all, last, assets, mark)] };
    },
  };
}
