import path from 'node:path';
import { isInside } from 'fs-reflink/host';
import type { ResolvedConfig, ViteBuilder } from 'vite';
import type { ResolvedOptions } from '../../options/options.ts';
import { relativeName, sourcesOf } from '../../targets/targets.ts';
import { givenSwitches, optionsFor } from './output.ts';

/** The environments of a config that names none. Usually a build has only one of them. */
const DEFAULT_ENVIRONMENTS = ['client', 'ssr'];

type Config = Pick<ResolvedConfig, 'build' | 'builder' | 'define' | 'environments' | 'root'>;

/** Returns warnings about files that the options name and that this build does not copy. */
export function uncopiedMessages(config: Config, options: ResolvedOptions): string[] {
  const wrong = wrongEnvironments(config, options);
  const others = isNuxt(config)
    ? [outsideNuxt(config, options)]
    : [onlySsr(config, options), publicOff(config, options)];
  return [wrong, ...others].filter((message) => message !== undefined);
}

/** The same, after all environments of an app are built. Vite before 7.0 has no `buildApp` hook that calls this. */
export function unbuiltMessage(
  { environments, config }: Pick<ViteBuilder, 'environments' | 'config'>,
  options: ResolvedOptions,
): string | undefined {
  const names = Object.keys(environments);
  const built = names.filter((name) => environments[name]!.isBuilt);
  const chosen = names.filter((name) => optionsFor(name, options)?.targets.length);
  if (built.length === 0 || chosen.length === 0 || chosen.some((name) => built.includes(name)))
    return undefined;
  if (isCopied(config, options)) return undefined;
  return `${filesOf({ ...options, publicDirs: [] })} not copied: they go to the output of ${list(chosen)}, and this build built only ${list(built)}. Set the option "vite.environments" to environments that are built`;
}

function wrongEnvironments({ environments }: Config, options: ResolvedOptions): string | undefined {
  const { environments: chosen } = options;
  if (!chosen) return undefined;
  const known = [...new Set([...Object.keys(environments), ...DEFAULT_ENVIRONMENTS])];
  const remedy = `Name some of ${list(known)}`;
  if (typeof chosen === 'function') {
    if (known.some((name) => optionsFor(name, options))) return undefined;
    return `${filesOf(options)} not copied: the function of the option "vite.environments" chooses none of the environments of this config. ${remedy}`;
  }
  const wrong = chosen.filter((name) => !known.includes(name));
  if (wrong.length === 0) return undefined;
  const where = wrong.length === chosen.length ? '' : ` for ${list(wrong)}`;
  return `${filesOf(options)} not copied${where}: the option "vite.environments" names ${list(wrong)}, which this config does not have. ${remedy}`;
}

/**
 * The targets that builds of this process copy, or have copied. Some frameworks build for browsers and then for the
 * server in the same process (Remix), or for both at once (VuePress).
 */
const copied = new Set<string>();

/** Call this when a build begins. With a builder, it is not known yet which environments are built. */
export function noteBegun(config: Config, options: ResolvedOptions): void {
  const writesForBrowsers = !config.builder && !config.build.ssr && config.build.write;
  const chosen = writesForBrowsers ? optionsFor('client', options) : undefined;
  if (chosen) rememberCopied(config, chosen);
}

/** Call this when the build of an environment has copied its targets. `options` are those of one instance. */
export function rememberCopied(config: Pick<Config, 'root'>, options: ResolvedOptions): void {
  if (options.targets.length > 0) copied.add(copiedKey(config, options));
}

function isCopied(config: Pick<Config, 'root'>, options: ResolvedOptions): boolean {
  return copied.has(copiedKey(config, options));
}

function copiedKey({ root }: Pick<Config, 'root'>, options: ResolvedOptions): string {
  return `${root} ${filesOf({ ...options, publicDirs: [] })}`;
}

/** By default targets are copied for the environment `client`, which a build for a server alone does not have. */
function onlySsr(config: Config, options: ResolvedOptions): string | undefined {
  if (options.environments || options.targets.length === 0) return undefined;
  if (!isOnlySsr(config) || isSvelteKit(config) || isCopied(config, options)) return undefined;
  return `${filesOf({ ...options, publicDirs: [] })} not copied: they go to the output of "client" unless the option "vite.environments" says otherwise, and this build has only "ssr". Set vite: { environments: ['ssr'] } to copy them here, or vite: { environments: ['client'] } if that is what you want`;
}

/** A build for a server alone is not warned about: the project's build for browsers copies the public directory. */
function publicOff(config: Config, options: ResolvedOptions): string | undefined {
  if (!options.publicDirs?.length || isOnlySsr(config)) return undefined;
  const builds = Object.entries(config.environments).filter(([name]) => optionsFor(name, options));
  if (builds.length === 0 || builds.some(([, { build }]) => givenSwitches(build).copyPublicDir))
    return undefined;
  return `${filesOf({ ...options, targets: [] })} not copied: build.copyPublicDir is false, in the config or by a framework. Set it to true, remove the option "publicDir", or name the directory in "targets"`;
}

function isNuxt({ define }: Config): boolean {
  return define?.__NUXT_VERSION__ !== undefined;
}

/** SvelteKit 2 begins with the build for its server, and makes the build for browsers during that one. */
function isSvelteKit({ define }: Config): boolean {
  return define?.__SVELTEKIT_APP_VERSION_POLL_INTERVAL__ !== undefined;
}

/** Nuxt builds the files for browsers into an intermediate directory, and takes only its `assetsDir` for the site. */
function outsideNuxt({ build, root }: Config, options: ResolvedOptions): string | undefined {
  // This is Nuxt's build for the server. Its files are not sent to browsers.
  if (build.ssr) return undefined;
  const outDir = path.resolve(root, build.outDir);
  const taken = path.resolve(outDir, build.assetsDir);
  const targets = options.targets.filter(({ to = '.' }) => {
    const destination = path.resolve(outDir, to);
    return isInside(outDir, destination) && !isInside(taken, destination);
  });
  if (targets.length + (options.publicDirs?.length ?? 0) === 0) return undefined;
  const assets = `${relativeName(outDir, taken)}/`;
  const where = relativeName(root, outDir);
  return `${filesOf({ ...options, targets })} not part of the site: Nuxt takes nothing but "${assets}" from "${where}", where this build writes to. Use the module "unplugin-reflink/nuxt", which copies into Nuxt's own output, or let "to" begin with "${assets}"`;
}

/** Whether Vite builds only `ssr`. Without a builder it builds one environment, even if the config has others. */
function isOnlySsr({ build, builder }: Config): boolean {
  return !builder && Boolean(build.ssr);
}

function filesOf({ publicDirs, targets }: Pick<ResolvedOptions, 'publicDirs' | 'targets'>): string {
  const parts = [
    ...(publicDirs?.length ? [`publicDir ${list(publicDirs.map(({ dir }) => dir))}`] : []),
    ...(targets.length > 0
      ? [
          `targets ${targets.map((target) => `${list(sourcesOf(target))} → "${target.to ?? '.'}"`).join(', ')}`,
        ]
      : []),
  ];
  const isOne = targets.length === 0 && (publicDirs?.length ?? 0) <= 1;
  return `${parts.join(' and ') || 'the public directory'} ${isOne ? 'is' : 'are'}`;
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
