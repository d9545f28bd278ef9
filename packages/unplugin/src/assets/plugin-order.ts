import type { Bundle, BundleContext, BundledAssets } from './bundled-assets.ts';

type Handler = (this: BundleContext, output: unknown, bundle: Bundle, isWrite: boolean) => unknown;

/** A plugin of Rollup, Rolldown or Vite. */
interface Plugin {
  name?: string;
  generateBundle?: Handler | { handler: Handler; order?: string };
}

/** Returns the imported files of a build that the engine copies. Undefined before the build starts. */
export type AssetsOf = () => BundledAssets | undefined;

const LAST = 'unplugin-reflink:last';
const REVEAL = 'unplugin-reflink:reveal';
const ADDED = Symbol('added');

/**
 * Returns the plugins of a build, changed so that the `generateBundle` of those in `last` runs after all others, and
 * the others find contents in the bundle in place of stand-ins. Each hook is wrapped, because Rolldown creates a new
 * bundle for each of them. Added plugins belong to `owner`.
 */
export function withAssets(
  plugins: readonly unknown[],
  last: readonly unknown[],
  assets: readonly AssetsOf[],
  owner: symbol,
): unknown[] {
  const all = plugins.map((each) => {
    if (last.includes(each)) return changed(each as Plugin, undefined);
    return isPlugin(each) ? changed(each, revealing(each.generateBundle, assets)) : each;
  });
  const added = last.map((each) => ({
    name: LAST,
    generateBundle: (each as Plugin).generateBundle,
    [ADDED]: owner,
  }));
  return [...all, { ...forOutputs(assets), [ADDED]: owner }, ...added];
}

interface OutputOptions {
  plugins?: unknown;
}

/**
 * A plugin that makes the plugins of an output find contents too. They run after those of the build that have the
 * same order. In Rollup they get the same bundle; in Rolldown their hooks have to be wrapped.
 */
function forOutputs(assets: readonly AssetsOf[]) {
  return {
    name: REVEAL,
    generateBundle: revealing({ order: 'pre', handler() {} }, assets),
    outputOptions: {
      order: 'post',
      handler(this: { meta: object }, output: OutputOptions): OutputOptions | undefined {
        if (!output.plugins || !('rolldownVersion' in this.meta)) return undefined;
        const plugins = pluginsOf(output.plugins).then((all) =>
          all.map((each) => (isPlugin(each) ? changed(each, revealing(each.generateBundle, assets)) : each)),
        );
        return { ...output, plugins };
      },
    },
  };
}

/** The plugins of a config, which may be nested arrays, promises or falsy values, without those added by `owner`. */
export async function pluginsOf(given: unknown, owner?: symbol): Promise<unknown[]> {
  const plugins = await given;
  if (Array.isArray(plugins))
    return (await Promise.all(plugins.map((each) => pluginsOf(each, owner)))).flat();
  const isAdded = owner !== undefined && (plugins as { [ADDED]?: symbol } | null)?.[ADDED] === owner;
  return plugins && !isAdded ? [plugins] : [];
}

function isPlugin(given: unknown): given is Plugin & Required<Pick<Plugin, 'generateBundle'>> {
  return typeof given === 'object' && given !== null && Boolean((given as Plugin).generateBundle);
}

/** Copies a plugin, with another `generateBundle`. Keeps its prototype: it may be an instance of a class. */
function changed(plugin: Plugin, generateBundle: Plugin['generateBundle']): unknown {
  return Object.create(Object.getPrototypeOf(plugin), {
    ...Object.getOwnPropertyDescriptors(plugin),
    generateBundle: { value: generateBundle, writable: true, enumerable: true, configurable: true },
  });
}

function revealing(
  hook: Required<Plugin>['generateBundle'],
  assets: readonly AssetsOf[],
): Plugin['generateBundle'] {
  const original = typeof hook === 'function' ? hook : hook.handler;
  const handler: Handler = function (output, bundle, isWrite) {
    for (const each of assets) each()?.reveal(this, bundle);
    return original.call(this, output, bundle, isWrite);
  };
  return typeof hook === 'function' ? handler : { ...hook, handler };
}
