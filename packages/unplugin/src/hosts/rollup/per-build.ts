import { type AssetsOf, isAdded, withAssets } from '../../assets/plugin-order.ts';

interface InputOptions {
  plugins?: unknown;
}

interface Context {
  meta: { watchMode?: boolean };
}

export const NAME = 'unplugin-reflink';

/** What is known of a build when it reads its options. */
export interface BuildFacts {
  watching: boolean;
  /** Which of the instances of the plugin in this build it is. */
  position: number;
}

/**
 * Makes a plugin of Rollup or Rolldown whose object may be in several builds at once: when a build reads its options,
 * the object gives place to one that `create` makes for this build alone. A host that runs no `options` hook gets one
 * that serves one build after the other. `first` picks the hooks that run before those of all other plugins. Where
 * `assetsOf` an object answers, its `generateBundle` runs after those of all other plugins, which find contents in the
 * bundle in place of stand-ins.
 */
export function pluginPerBuild<P extends object>(
  create: (build: BuildFacts) => P,
  first?: (plugin: P) => object,
  assetsOf: (plugin: P) => AssetsOf | undefined = () => undefined,
): P {
  // Tools copy plugin objects, and symbols with them.
  const mark = Symbol(NAME);
  const isOurs = (plugin: unknown): plugin is P =>
    typeof plugin === 'object' && plugin !== null && mark in plugin;
  return {
    ...create({ watching: false, position: 0 }),
    [mark]: true,
    async options(this: Context, given: InputOptions): Promise<InputOptions | undefined> {
      const plugins = (await flattened(given.plugins)).filter((each) => !isAdded(each, mark));
      if (!plugins.some(isOurs)) return undefined;
      const watching = this.meta.watchMode ?? false;
      const instances = plugins.filter((each) => (each as { name?: string } | undefined)?.name === NAME);
      // `options` itself stays: another plugin may begin a build with the same plugins inside this one.
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

/** Plugins may be given in arrays within arrays, as promises, or left out. */
async function flattened(given: unknown): Promise<unknown[]> {
  const plugins = await given;
  if (!Array.isArray(plugins)) return plugins ? [plugins] : [];
  return (await Promise.all(plugins.map(flattened))).flat();
}
