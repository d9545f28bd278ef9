import path from 'node:path';
import type { Environment, InlineConfig, Plugin, ResolvedConfig } from 'vite';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import type { EnvironmentBuild } from './build.ts';
import type { HookContext } from './check.ts';
import { COPY_NAME, PUBLIC_NAME, SERVE_NAME } from './names.ts';
import { isSmall, leftToVite, publicDirectoryOf } from './small.ts';

type Host = typeof import('./host.ts');

/** Hooks that must be synchronous use this: earlier hooks of the same build have called {@link loadHost}. */
let host: Host | undefined;

/** Loads what a build needs. The config loads without it, because many commands read the config and do not build. */
async function loadHost(): Promise<Host> {
  return (host ??= await import('./host.ts'));
}

/**
 * Copies static files, including the public directory, into the output of Vite builds. One plugin runs before Vite's
 * own `renderStart` hook and hides options from it. Another runs after that hook and restores the options, so that
 * all other plugins see them as the user gave them. A third plugin serves the same files in development, and the last
 * one tells Vite which directory is public.
 *
 * If `leavesSmall` is set, Vite itself copies a small public directory: see {@link leftToVite}.
 */
export function vitePlugins(options: ResolvedOptions, leavesSmall = false): Plugin[] {
  const builds = new WeakMap<Environment, EnvironmentBuild>();
  /** The configs of the builds that the plugin leaves to Vite. */
  const left = new WeakSet<ResolvedConfig>();
  const applyToEnvironment: Plugin['applyToEnvironment'] = (environment) =>
    !left.has(environment.getTopLevelConfig());

  const buildOf = (context: HookContext): EnvironmentBuild => {
    const { checkContext, commonOptions, EnvironmentBuild } = host!;
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
    applyToEnvironment,
    async config(config) {
      if (leavesSmall && isSmall(publicDirectoryOf(config))) return;
      const { mayCopy, prepareAhead } = await loadHost();
      // If a worker is worth it, it boots now, while Vite resolves its options and loads its HTML parser.
      prepareAhead({ targets: mayCopy(config, options), busy: isBusy(this) });
    },
    configResolved: {
      order: 'post',
      async handler(config) {
        if (config.isWorker || !config.environments) return;
        if (leavesSmall && leftToVite(config)) {
          left.add(config);
          const directory = path.relative(config.root, config.publicDir);
          const message = `${directory}: Vite copies it itself, because it is small (${NAME})`;
          if (isFirst(config, message)) config.logger.info(message);
          // The config that Vite had not resolved yet may have named a large public directory.
          await host?.disposeAhead();
          return;
        }
        const loaded = await loadHost();
        loaded.noteBegun(config, options);
        for (const message of loaded.uncopiedMessages(config, options)) warn(config, message);
        loaded.prepareAhead({ targets: loaded.copiedBy(config, options), busy: isBusy(this) });
        if (loaded.preparesInPlugin(config)) return;
        for (const [name, { build }] of Object.entries(config.environments)) {
          const chosen = loaded.commonOptions(name, config.plugins, options);
          if (chosen) loaded.switchOffEarly({ ...config, build }, chosen);
        }
      },
    },
    buildApp: {
      order: 'post',
      async handler(builder) {
        if (left.has(builder.config)) return;
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
    // Synchronous, because Rollup runs these hooks in parallel: only the code before the first `await` runs in order.
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
    // Runs first and sequentially, so that the hooks of all other plugins find the output directory complete.
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
        // If nothing was copied, the copies prepared in `config` still hold worker threads.
        await host!.disposeAhead();
      },
    },
    async closeWatcher() {
      await (await loadedBuildOf(this)).end({ keepWorkers: false });
      await host!.disposeAhead();
    },
  };

  const after: Plugin = {
    name: COPY_NAME,
    api: options,
    enforce: 'post',
    apply: 'build',
    applyToEnvironment,
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
      const { plugins } = server.config;
      const isAlone = plugins.filter(({ name }) => name === SERVE_NAME).length === 1;
      // Most servers have nothing to serve but what Vite serves itself.
      if (isAlone && !options.publicDirs?.length && options.targets.length === 0) return;
      const [{ commonOptions }, { servedOf }] = await Promise.all([
        import('./instances.ts'),
        import('./output.ts'),
      ]);
      const chosen = commonOptions('client', plugins, options);
      const served = chosen && servedOf(server.environments.client.config, chosen);
      if (!served) return;
      // Builds do not need this code.
      const { serveFiles } = await import('./serve.ts');
      return () => serveFiles(server, served, chosen);
    },
  };

  // Without the option `assets`, no hook is called for each module.
  if (!options.assets) return [before, after, serve, publicDirectoryPlugin(options)];

  const owner = Symbol(NAME);
  Object.assign(before, {
    async options({ plugins, ...given }) {
      const { pluginsOf, withAssets } = await loadHost();
      const { environment } = this as unknown as HookContext;
      const all = await pluginsOf(plugins, owner);
      const isOurs = ({ name, api }: Plugin) => name === COPY_NAME && api === options;
      const last = all.filter((each) => isOurs(each as Plugin));
      const assets = () => builds.get(environment)?.assets;
      return { ...given, plugins: withAssets(all, last, [assets], owner) as Plugin[] };
    },
    async load(id) {
      const { assets } = await loadedBuildOf(this);
      return assets && host!.loadAsset(this as never, id, assets);
    },
  } satisfies Partial<Plugin>);

  /** Runs after the plugins that compile modules to JavaScript, and before Vite's plugin that finds URLs in them. */
  const urls: Plugin = {
    name: `${NAME}:urls`,
    apply: 'build',
    async transform(code, id) {
      const { assets } = await loadedBuildOf(this);
      return assets && host!.importUrls(this as never, code, id, assets);
    },
  };
  return [before, urls, after, serve, publicDirectoryPlugin(options)];
}

/**
 * Whether the bundler keeps the calling thread busy: Rollup runs on it, Rolldown has threads of its own. Vite 6 calls
 * the hooks of configs without a context.
 */
function isBusy(context: { meta?: object } | undefined): boolean {
  return !(context?.meta && 'rolldownVersion' in context.meta);
}

/**
 * Sets Vite's `publicDir` to a public directory of the options, so that Vite and other plugins treat its files as
 * public where HTML, CSS and modules refer to them. Vite supports one public directory. It gets the first one, of all
 * instances, whose files are copied to the root of the output.
 */
function publicDirectoryPlugin(options: ResolvedOptions): Plugin {
  return {
    name: PUBLIC_NAME,
    api: options,
    configResolved: {
      order: 'pre',
      async handler(config) {
        // Vite before version 6 has no environments.
        if (!config.environments) (await loadHost()).checkConfig(config);
      },
    },
    async config(config) {
      if (!options.publicDirs?.length) return undefined;
      const { publicDirOf } = await import('./public-directory.ts');
      const publicDir = publicDirOf(config, options);
      return publicDir === undefined ? undefined : { publicDir };
    },
  };
}

/** The messages of each build, by its inline config: each environment of an app has its own config and logger. */
const printed = new WeakMap<InlineConfig, Set<string>>();

function isFirst({ inlineConfig }: ResolvedConfig, message: string): boolean {
  const earlier = printed.get(inlineConfig) ?? new Set();
  printed.set(inlineConfig, earlier);
  return earlier.size < earlier.add(message).size;
}

function warn(config: ResolvedConfig, message: string): void {
  if (isFirst(config, message)) config.logger.warn(`${NAME}: ${message}`);
}

/** Whether the `writeBundle` of another plugin runs before ours. Then the files have to be copied before that. */
function isPreceded(name: string, plugins: readonly Plugin[]): boolean {
  const ours = plugins.findIndex((plugin) => plugin.name === name);
  return plugins
    .slice(0, ours)
    .some(({ writeBundle }) => typeof writeBundle === 'object' && writeBundle.order === 'pre');
}
