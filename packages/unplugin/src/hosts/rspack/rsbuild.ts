import path from 'node:path';
import type { MergedEnvironmentConfig, RsbuildConfig, RsbuildPlugin, RsbuildPluginAPI } from '@rsbuild/core';
import { isInside } from 'fs-reflink/host';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions, ResolvedPublicDirectory } from '../../options/options.ts';
import { isOlder, unsupported, useEntry } from '../../options/unsupported.ts';
import { namedLog } from '../../output/log.ts';
import type { Middleware } from '../../serve/middleware.ts';
import { statsOf } from '../../targets/stats.ts';
import type { Cleaning } from './clean.ts';
import type { DevelopmentServer } from './development-server.ts';
import { type RspackHost, rspackHost } from './plugin.ts';

type PublicDir = NonNullable<RsbuildConfig['server']>['publicDir'];

/** Copies static files into the output of Rsbuild 2, its public directory included. */
export function rsbuildPlugin(options: ResolvedOptions): RsbuildPlugin {
  return { name: NAME, setup: (api) => setUp(api, options) };
}

/** What the plugin does in one environment. */
interface Environment {
  options: ResolvedOptions;
  /** Whether the plugin empties the output in place of Rsbuild. */
  empties: boolean;
}

function setUp(api: RsbuildPluginAPI, options: ResolvedOptions): void {
  checkBundler(api);
  const isBuild = () => api.context.action === 'build';
  const environments = new Map<string, Environment>();
  const hosts: RspackHost[] = [];
  /** The outputs that this build still has to empty. */
  const due = new Set<string>();
  /** The user's public directories in Rsbuild before 2.3, where all environments have the same. */
  let shared: { publicDir: PublicDir } | undefined;

  if (isOlder(api.context.version, '2.3')) {
    // An instance in the config of one environment leaves them to Rsbuild: the others need them too.
    shared = { publicDir: false };
    if (api.isPluginExists(NAME))
      api.modifyRsbuildConfig({
        order: 'post',
        handler(config) {
          shared = { publicDir: config.server?.publicDir };
          preventCopies(config, shared.publicDir, { ...options, isBuild: isBuild() });
        },
      });
  }

  api.modifyEnvironmentConfig({
    order: 'post',
    handler(config, { name }) {
      const all = api.getRsbuildConfig();
      const given = config.server?.publicDir ?? (shared ?? all.server)?.publicDir;
      const own = publicDirectoriesOf(given);
      const chosen = optionsOf(options, config, {
        all,
        own: isBuild() ? own : [],
        root: api.context.rootPath,
      });
      const takesOver = chosen.takeOver && config.output.copy !== undefined;
      const hasTargets = (chosen.publicDirs?.length ?? 0) + chosen.targets.length > 0;
      const copies = chosen.assets !== undefined || takesOver || hasTargets;
      const { rootPath } = api.context;
      const empties = isBuild() && copies && isEmptied(config, rootPath) && !isShared(name, all, rootPath);
      environments.set(name, { options: chosen, empties });
      if (empties) config.output.cleanDistPath = false;
      preventCopies(config, given, { ...options, isBuild: isBuild() });
    },
  });

  api.modifyRspackConfig((config, { environment: { name, distPath } }) => {
    const { options: chosen, empties } = environments.get(name)!;
    const others = Object.values(api.getNormalizedConfig().environments);
    const directories = others.map(({ output }) => path.resolve(api.context.rootPath, output.distPath.root));
    const cleaning: Cleaning = {
      kept: directories
        .filter((each) => each !== distPath && isInside(distPath, each))
        .map((each) => path.relative(distPath, each)),
      isDue: () => due.delete(distPath),
    };
    const host = rspackHost(chosen, {
      hasServer: true,
      cleaning: empties ? cleaning : undefined,
      publicDirsAreDefault: options.publicDirs === undefined,
      logger: namedLog(api.logger),
    });
    hosts.push(host);
    config.plugins.push(host.plugin);
  });

  // At this hook, Rsbuild would empty the outputs.
  api.onBeforeBuild({
    order: 'pre',
    async handler({ isFirstCompile, environments: built }) {
      if (!isFirstCompile) return;
      for (const { name, distPath } of Object.values(built))
        if (environments.get(name)?.empties) due.add(distPath);
      for (const { copies } of hosts.flatMap(({ compilers }) => compilers))
        await copies.snapshotBeforeEmptying();
    },
  });

  api.onBeforeStartDevServer(({ server }) => {
    const { headers } = api.getNormalizedConfig().server;
    const handlers = new Map<DevelopmentServer, Middleware>();
    // The compilers are created later, so each request looks for them.
    server.middlewares.use((request, response, next) => {
      const servers = hosts.flatMap(({ compilers }) => compilers.map((each) => each.server));
      const ask = (position: number) => {
        const asked = servers[position];
        if (!asked) {
          next();
          return;
        }
        const handle = handlers.get(asked) ?? asked.middleware({ options: { headers } });
        handlers.set(asked, handle);
        handle(request, response, (error) => (error ? next(error) : ask(position + 1)));
      };
      ask(0);
    });
  });
}

/** Throws if another bundler calls the plugin. esbuild's plugins have the same shape, unlike those of Rspack. */
function checkBundler(api: RsbuildPluginAPI & { esbuild?: object }): void {
  const { modifyEnvironmentConfig, esbuild } = api;
  if (typeof modifyEnvironmentConfig === 'function') return;
  throw unsupported(
    'rsbuild',
    esbuild ? 'esbuild' : 'another bundler',
    useEntry(esbuild ? 'esbuild' : 'rspack'),
  );
}

/** Makes Rsbuild copy none of the public directories that the plugin copies. */
function preventCopies(
  config: { server?: { publicDir?: PublicDir } },
  given: PublicDir | undefined,
  { publicDirs, isBuild }: Pick<ResolvedOptions, 'publicDirs'> & { isBuild: boolean },
): void {
  if (publicDirs?.length) config.server = { ...config.server, publicDir: false };
  // The directories stay in the config, because other plugins look for icons in them.
  else if (publicDirs === undefined && isBuild) {
    const publicDir = publicDirectoriesOf(given).map((each) => ({ ...each, copyOnBuild: false }));
    config.server = { ...config.server, publicDir };
  }
}

/** The public directories of a config, completed with Rsbuild's defaults. */
function publicDirectoriesOf(given: PublicDir | undefined) {
  if (given === false) return [];
  const list = given === undefined ? [{}] : Array.isArray(given) ? given : [given];
  return list.map((each) => ({ name: 'public', copyOnBuild: 'auto' as const, ...each }));
}

/** The options for one environment. The plugin's options apply to Node.js only if all environments target it. */
function optionsOf(
  options: ResolvedOptions,
  { output: { target } }: MergedEnvironmentConfig,
  facts: { all: RsbuildConfig; own: ReturnType<typeof publicDirectoriesOf>; root: string },
): ResolvedOptions {
  const { environments = {}, output } = facts.all;
  const names = Object.keys(environments);
  const isNode = (name: string) => (environments[name]!.output?.target ?? output?.target) === 'node';
  const isChosen = target !== 'node' || names.every(isNode);
  const own = facts.own
    .filter(({ copyOnBuild }) => copyOnBuild === true || (copyOnBuild === 'auto' && target !== 'node'))
    .map(({ name, ignore = [] }): ResolvedPublicDirectory => ({ dir: name, to: '.', ignore }))
    .filter(({ dir }) => statsOf(path.resolve(facts.root, dir)));
  return {
    ...options,
    publicDirs: options.publicDirs ? (isChosen ? options.publicDirs : []) : own,
    targets: isChosen ? options.targets : [],
  };
}

/**
 * Whether another environment has the same output. Then Rsbuild empties it itself, before any environment is built.
 * The plugin could not distinguish a stale file from an unchanged file of the other environment, which Rspack does
 * not write again.
 */
function isShared(name: string, { environments = {}, output }: RsbuildConfig, root: string): boolean {
  const given = (of: RsbuildConfig['output']) =>
    typeof of?.distPath === 'string' ? of.distPath : of?.distPath?.root;
  const directoryOf = (each: string) =>
    path.resolve(root, given(environments[each]?.output) ?? given(output) ?? 'dist');
  return Object.keys(environments).some((each) => each !== name && directoryOf(each) === directoryOf(name));
}

/** Whether Rsbuild would empty the whole output. Rsbuild itself warns about an output outside the project. */
function isEmptied({ output }: MergedEnvironmentConfig, root: string): boolean {
  const { cleanDistPath = 'auto', distPath } = output;
  const { enable = 'auto', keep = [] } =
    typeof cleanDistPath === 'object' ? cleanDistPath : { enable: cleanDistPath };
  if (keep.length > 0) return false;
  if (enable !== 'auto') return enable;
  const [project, directory] = [path.resolve(root), path.resolve(root, distPath.root)];
  return directory !== project && isInside(project, directory);
}
