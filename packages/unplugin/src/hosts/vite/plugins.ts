import type { Environment, InlineConfig, Plugin, ResolvedConfig } from 'vite';
import type { ResolvedOptions } from '../../options/options.ts';
import type { EnvironmentBuild } from './build.ts';
import type { HookContext } from './check.ts';
import { loadedHost, loadHost } from './load-host.ts';
import { COPY_NAME, NAME, SERVE_NAME } from './names.ts';
import { publicDirectoryPlugin } from './public-plugin.ts';

/**
 * Copies static files into the output of Vite builds, its public directory included. Two plugins, because the
 * options are hidden from Vite's own `renderStart` hook just while it runs: one comes before it and one after, and
 * everybody else sees them as the user gave them. A third one serves the same files while developing, and
 * the last tells Vite which directory is public.
 */
export function vitePlugins(options: ResolvedOptions): Plugin[] {
  const builds = new WeakMap<Environment, EnvironmentBuild>();

  const buildOf = (context: HookContext): EnvironmentBuild => {
    const { checkContext, commonOptions, EnvironmentBuild } = loadedHost();
    checkContext(context);
    const { environment } = context;
    let build = builds.get(environment);
    if (build) return build;
    const chosen = commonOptions(environment.name, environment.plugins, options);
    builds.set(environment, (build = new EnvironmentBuild(environment, options, chosen)));
    return build;
  };
  const loadedBuildOf = async (context: HookContext): Promise<EnvironmentBuild> => {
    await loadHost();
    return buildOf(context);
  };

  const before: Plugin = {
    name: NAME,
    api: options,
    enforce: 'pre',
    apply: 'build',
    async config(config) {
      const { mayCopy, prepareAhead } = await loadHost();
      // If a thread pays, as early as it can be: it boots while Vite resolves its options and loads what parses the page.
      prepareAhead({ targets: mayCopy(config, options), busy: isBusy(this) });
    },
    configResolved: {
      order: 'post',
      async handler(config) {
        if (config.isWorker || !config.environments) return;
        const host = await loadHost();
        for (const message of host.uncopiedMessages(config, options)) warn(config, message);
        host.prepareAhead({ targets: host.copiedBy(config, options), busy: isBusy(this) });
        if (host.preparesInPlugin(config)) return;
        for (const [name, { build }] of Object.entries(config.environments)) {
          const chosen = host.commonOptions(name, config.plugins, options);
          if (chosen) host.switchOffEarly({ ...config, build }, chosen);
        }
      },
    },
    buildApp: {
      order: 'post',
      async handler(builder) {
        const message = (await loadHost()).unbuiltMessage(builder, options);
        if (message) warn(builder.config, message);
      },
    },
    async buildStart() {
      const watch = this.meta.watchMode ? (path: string) => this.addWatchFile(path) : undefined;
      await (await loadedBuildOf(this)).prepare(isBusy(this), watch);
    },
    buildEnd: {
      order: 'post',
      async handler(error) {
        const build = await loadedBuildOf(this);
        if (error) await build.end();
        else if (!build.emptiesInPlugin) build.hide();
      },
    },
    // Synchronous: Rollup runs these hooks in parallel, and only up to the first pause in order.
    renderStart: {
      order: 'pre',
      handler() {
        const build = buildOf(this);
        if (build.emptiesInPlugin) build.hide();
      },
    },
    async renderError() {
      await (await loadedBuildOf(this)).end();
    },
    // Alone and first: whoever looks into the output directory from here on finds it complete.
    writeBundle: {
      order: 'pre',
      sequential: true,
      async handler({ dir }) {
        await (await loadedBuildOf(this)).finish(dir);
      },
    },
    async watchChange() {
      await (await loadedBuildOf(this)).end({ keepWorkers: true });
    },
    closeBundle: {
      order: 'pre',
      sequential: true,
      async handler() {
        await (await loadedBuildOf(this)).end();
        // Where nothing was copied.
        await loadedHost().disposeAhead();
      },
    },
    async closeWatcher() {
      await (await loadedBuildOf(this)).end({ keepWorkers: false });
      await loadedHost().disposeAhead();
    },
  };

  const after: Plugin = {
    name: COPY_NAME,
    api: options,
    enforce: 'post',
    apply: 'build',
    renderStart: {
      order: 'pre',
      handler() {
        buildOf(this).begin();
      },
    },
    generateBundle: {
      order: 'post',
      async handler({ dir }, bundle, isWrite) {
        const build = await loadedBuildOf(this);
        await build.complete(this, dir, bundle as never, isWrite);
        if (isPreceded(before.name, this.environment.plugins)) await build.waitForCopies();
      },
    },
  };

  const serve: Plugin = {
    name: SERVE_NAME,
    api: options,
    apply: 'serve',
    async configureServer(server) {
      const [{ commonOptions }, { servedOf }] = await Promise.all([
        import('./instances.ts'),
        import('./output.ts'),
      ]);
      const chosen = commonOptions('client', server.config.plugins, options);
      const served = chosen && servedOf(server.environments.client.config, chosen);
      if (!served) return;
      // Builds do without all of it.
      const { serveFiles } = await import('./serve.ts');
      return () => serveFiles(server, served, chosen);
    },
  };

  // Without the option no module costs a call of it.
  if (!options.assets) return [before, after, serve, publicDirectoryPlugin(options)];

  const owner = Symbol(NAME);
  Object.assign(before, {
    async options({ plugins, ...given }) {
      const { isAdded, withAssets } = await loadHost();
      const { environment } = this as unknown as HookContext;
      const all = (await flattened(plugins)).filter((each) => !isAdded(each, owner));
      const isOurs = ({ name, api }: Plugin) => name === COPY_NAME && api === options;
      const last = all.filter((each) => each && isOurs(each as Plugin));
      const assets = () => builds.get(environment)?.assets;
      return { ...given, plugins: withAssets(all, last, [assets], owner) as Plugin[] };
    },
    async load(id) {
      const { assets } = await loadedBuildOf(this);
      return assets && loadedHost().loadAsset(this as never, id, assets);
    },
  } satisfies Partial<Plugin>);

  /** After what makes JavaScript of modules, and before what finds the URLs in them. */
  const urls: Plugin = {
    name: 'unplugin-reflink:urls',
    apply: 'build',
    async transform(code, id) {
      const { assets } = await loadedBuildOf(this);
      return assets && loadedHost().importUrls(this as never, code, id, assets);
    },
  };
  return [before, urls, after, serve, publicDirectoryPlugin(options)];
}

/** Rollup runs on the thread that calls it, Rolldown on threads of its own. Vite 6 has no context for hooks of configs. */
function isBusy(context: { meta?: object } | undefined): boolean {
  return !(context?.meta && 'rolldownVersion' in context.meta);
}

/** Plugins may be given in arrays within arrays, as promises, or left out. */
async function flattened(given: unknown): Promise<unknown[]> {
  const plugins = await given;
  if (!Array.isArray(plugins)) return plugins ? [plugins] : [];
  return (await Promise.all(plugins.map(flattened))).flat();
}

/** Warnings by build: each environment of an app has a config and a logger of its own. */
const warned = new WeakMap<InlineConfig, Set<string>>();

function warn({ inlineConfig, logger }: ResolvedConfig, message: string): void {
  const earlier = warned.get(inlineConfig) ?? new Set();
  warned.set(inlineConfig, earlier);
  if (earlier.has(message)) return;
  earlier.add(message);
  logger.warn(`unplugin-reflink: ${message}`);
}

/** Whether another plugin's `writeBundle` runs even before ours, which then is too late for it. */
function isPreceded(name: string, plugins: readonly Plugin[]): boolean {
  const ours = plugins.findIndex((plugin) => plugin.name === name);
  return plugins
    .slice(0, ours)
    .some(({ writeBundle }) => typeof writeBundle === 'object' && writeBundle.order === 'pre');
}
