import path from 'node:path';
import type { Target } from 'fs-reflink';
import {
  checkOptions,
  hintFor,
  hintForTarget,
  isPath,
  isPromise,
  listOf,
  show,
  toPath,
} from 'fs-reflink/options';
import { resolveAssets } from '../assets/options.ts';
import {
  type AssetOptions,
  ENGINE_OPTIONS,
  type EngineOptions,
  type Options,
  type OutputTarget,
  type PublicDirectory,
  type ResolvedOptions,
  type ResolvedPublicDirectory,
  type ResolvedTarget,
} from './options.ts';
import { notCalled } from './other-bundlers.ts';

const KNOWN: readonly string[] = [
  ...ENGINE_OPTIONS,
  'publicDir',
  'targets',
  'report',
  'dryRun',
  'cacheDirectory',
  'assets',
  'vite',
  'webpack',
  'rspack',
];
/** The options for adapters. SvelteKit itself decides what is copied, and deletes it before each build. */
const OF_ADAPTERS: readonly string[] = ['reflink', 'atomic', 'preserve', 'durability', 'pageCache', 'report'];

const HOSTS_WITH_ASSETS: readonly string[] = [
  'vite',
  'astro',
  'rollup',
  'rolldown',
  'esbuild',
  'webpack',
  'rspack',
  'rsbuild',
];

/** The remedies that name an option for adapters. */
const peersOfAdapters: Record<string, string> = {
  silent: 'use "report: false"',
  verbose: 'use "report: \'verbose\'"',
};
/** Remedies for options of other plugins, and for names that are not quite right. */
const peers: Record<string, string> = {
  ...peersOfAdapters,
  cache: 'use "pageCache", or "cacheDirectory" for the records of what was copied',
  cacheDir: 'use "cacheDirectory"',
  copyOnce: 'leave it out: what did not change is not copied again',
  dev: 'use "webpack: { dev }"',
  environment: 'use "vite: { environments }"',
  environments: 'use "vite: { environments }"',
  from: 'use "targets: [{ from, to }]"',
  hook: 'leave it out: files are copied when the bundle is written',
  ignore: 'use "ignore" of a target or of a public directory',
  info: 'use "info" of a target or of a public directory',
  minimize: 'use "minimize" of a target or of a public directory',
  patterns: 'use "targets"',
  publicDirs: 'use "publicDir"',
  reload: 'use "vite: { reload }"',
  structured: 'use "base" of a target',
  takeOver: 'use "webpack: { takeOver }" or "rspack: { takeOver }"',
  target: 'use "targets"',
  to: 'use "targets: [{ from, to }]"',
  watch: 'leave it out: files that are copied are watched when the bundler watches',
};

/**
 * Checks options and fills in defaults.
 *
 * @throws {TypeError} that names the option, its value and the host
 */
export function resolveOptions(options: Options | undefined, host: string): ResolvedOptions {
  const given = options ?? {};
  checkNames(given, host);
  const { targets = [], report = 'summary', dryRun = false, cacheDirectory } = given;
  if (cacheDirectory !== undefined && !isPath(cacheDirectory))
    throw wrong(host, 'cacheDirectory', 'must be a path', cacheDirectory);
  if (!isReport(report)) {
    throw wrong(host, 'report', "must be false, 'summary', 'verbose' or a function", report);
  }
  if (typeof dryRun !== 'boolean') throw wrong(host, 'dryRun', 'must be true or false', dryRun);
  if (!Array.isArray(targets)) throw wrong(host, 'targets', 'must be an array of targets', targets);
  for (const each of targets) {
    checkAssetOptions(each, 'targets', host);
    refuseTemplate(each, host);
  }
  const engine = Object.fromEntries(
    ENGINE_OPTIONS.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
  );
  const checked = checkByEngine(targets, engine, host);
  const assets = resolveAssets(given.assets, (what) => wrong(host, 'assets', what, given.assets));
  return {
    engine,
    publicDirs: resolvePublicDirs(given.publicDir, host),
    targets: targets.map((target, position) => withPaths({ ...target, ...checked[position] })),
    report,
    dryRun,
    cacheDirectory: cacheDirectory === undefined ? undefined : toPath(cacheDirectory),
    ...resolveByBundler(given, host),
    // In a dry run the engine copies no imported files, so the bundler has to.
    assets: dryRun ? undefined : assets,
  };
}

/** Throws if these are no options, or if the host does not have one of them. */
function checkNames(given: Options, host: string): void {
  // webpack and Rspack call a function in "plugins" with the compiler.
  if (isCompiler(given)) throw notCalled(host);
  if (typeof given !== 'object' || Array.isArray(given) || isPromise(given))
    throw wrong(host, 'options', 'must be an object', given);
  for (const [name, value] of Object.entries(given))
    if (isPromise(value)) throw wrong(host, name, 'must be a value', value);
  const [known, hint] =
    host === 'sveltekit'
      ? [OF_ADAPTERS, (name: string) => hintFor(peersOfAdapters, name)]
      : [KNOWN, (name: string) => hintFor(peers, name) || hintForTarget(name)];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown) {
    throw new TypeError(
      `unplugin-reflink (${host}): unknown option "${unknown}", which is ${show(given[unknown as never])}; ${hint(unknown)}known are ${known.join(', ')}`,
    );
  }
  if (given.assets !== undefined && !HOSTS_WITH_ASSETS.includes(host))
    throw wrong(
      host,
      'assets',
      'is for Vite, Rollup, Rolldown, esbuild, webpack, Rspack and Rsbuild only',
      given.assets,
    );
}

/** Checks the options for one bundler only. Those for others are checked too: several may share one object. */
function resolveByBundler(
  given: Options,
  host: string,
): Pick<ResolvedOptions, 'environments' | 'reload' | 'takeOver' | 'dev'> {
  const { environments, reload = false } = optionsOf('vite', given, ['environments', 'reload'], host);
  if (environments !== undefined && !isListOfNames(environments) && typeof environments !== 'function') {
    throw wrong(host, 'vite.environments', 'must be an array of names or a function', environments);
  }
  if (typeof reload !== 'boolean') throw wrong(host, 'vite.reload', 'must be true or false', reload);
  const webpack = optionsOf('webpack', given, ['takeOver', 'dev'], host);
  const rspack = optionsOf('rspack', given, ['takeOver'], host);
  for (const [name, { takeOver }] of Object.entries({ webpack, rspack })) {
    if (takeOver !== undefined && typeof takeOver !== 'boolean')
      throw wrong(host, `${name}.takeOver`, 'must be true or false', takeOver);
  }
  const { dev = 'serve' } = webpack;
  if (dev !== 'serve' && dev !== 'emit') throw wrong(host, 'webpack.dev', "must be 'serve' or 'emit'", dev);
  return {
    environments,
    reload,
    takeOver: (host === 'webpack' ? webpack : rspack).takeOver ?? false,
    dev,
  };
}

/** Returns the options for one bundler only. Checks their names, and not their values. */
function optionsOf<Name extends 'vite' | 'webpack' | 'rspack'>(
  name: Name,
  options: Options,
  known: readonly string[],
  host: string,
): NonNullable<Options[Name]> {
  const given = options[name] ?? {};
  const what = `must be an object with ${known.join(' and ')}`;
  const isObject = typeof given === 'object' && !Array.isArray(given);
  if (!isObject || !Object.keys(given).every((each) => known.includes(each)))
    throw wrong(host, name, what, given);
  return given;
}

function isReport(value: unknown): boolean {
  return value === false || value === 'summary' || value === 'verbose' || typeof value === 'function';
}

function isListOfNames(value: unknown): value is readonly string[] {
  return listOf((name) => typeof name === 'string')(value);
}

/** Lets the engine check its own options and the targets. Returns the targets, with the options that they inherit. */
function checkByEngine(targets: readonly OutputTarget[], engine: EngineOptions, host: string): Target[] {
  try {
    return checkOptions(targets.map(engineTarget), engine, KNOWN).targets;
  } catch (error) {
    const { message } = error as TypeError;
    throw new TypeError(message.replace('fs-reflink:', `unplugin-reflink (${host}):`));
  }
}

/** Returns a target with paths in place of URLs. */
function withPaths(target: OutputTarget): ResolvedTarget {
  const { from, to, base } = target;
  return {
    ...target,
    from: Array.isArray(from) ? from.map(toPath) : toPath(from as string | URL),
    ...(to !== undefined && { to: toPath(to) }),
    ...(base !== undefined && { base: toPath(base) }),
  } as ResolvedTarget;
}

/** Returns a target without the options for webpack. */
export function engineTarget<Path extends string | URL>(target: OutputTarget<Path>): Target<Path> {
  if (typeof target !== 'object' || target === null || !('minimize' in target || 'info' in target))
    return target;
  const { minimize: _minimize, info: _info, ...rest } = target;
  return rest;
}

function checkAssetOptions(given: AssetOptions, option: string, host: string): void {
  if (typeof given !== 'object' || given === null) return;
  for (const name of ['minimize', 'info'] as const) {
    if (given[name] !== undefined && host !== 'webpack')
      throw wrong(host, option, `has "${name}", which is for webpack only`, given);
  }
  const { minimize, info } = given;
  if (minimize !== undefined && typeof minimize !== 'boolean')
    throw wrong(host, option, '"minimize" must be true or false', given);
  const isObject = typeof info === 'object' && info !== null && !Array.isArray(info);
  if (info !== undefined && typeof info !== 'function' && !isObject)
    throw wrong(host, option, '"info" must be an object or a function', given);
}

/** Matches only what must be a placeholder of webpack: a directory may have a name in brackets, as routes have. */
const TEMPLATE =
  /\[(?:contenthash|chunkhash|fullhash)(?::\d+)?\]|\[(?:name|hash)(?::\d+)?\]\.?\[ext\]|\[name\].\[hash(?::\d+)?\]/;

function refuseTemplate(given: OutputTarget, host: string): void {
  if (host === 'webpack' || typeof given !== 'object' || given === null) return;
  const { to, rename } = given;
  const isTemplate = (value: unknown) => typeof value === 'string' && TEMPLATE.test(value);
  const name = isTemplate(to) ? 'to' : isTemplate(rename) ? 'rename' : undefined;
  if (name)
    throw wrong(
      host,
      'targets',
      `has placeholders in "${name}", which are for webpack only; elsewhere use a function "rename"`,
      given,
    );
}

function resolvePublicDirs(given: Options['publicDir'], host: string): ResolvedPublicDirectory[] | undefined {
  if (given === undefined) return undefined;
  if (given === false) return [];
  return Array.from<unknown>(Array.isArray(given) ? given : [given]).map((each) =>
    resolvePublicDir(each, host),
  );
}

const PUBLIC_DIRECTORY: readonly string[] = ['dir', 'to', 'ignore', 'minimize', 'info'];

function resolvePublicDir(given: unknown, host: string): ResolvedPublicDirectory {
  const what = 'must be a path, { dir, to, ignore }, an array of these or false';
  const isDirectory = typeof given === 'string' || isPath(given);
  const directory = (isDirectory ? { dir: given } : given) as PublicDirectory;
  if (typeof directory !== 'object' || directory === null || Array.isArray(directory))
    throw wrong(host, 'publicDir', what, given);
  const { dir, to = '.', ignore = [], minimize, info } = directory;
  const unknown = Object.keys(directory).some((name) => !PUBLIC_DIRECTORY.includes(name));
  if (unknown || (isDirectory && !isPath(dir))) throw wrong(host, 'publicDir', what, given);
  if (!isPath(dir)) throw wrong(host, 'publicDir', '"dir" must be a path', dir);
  if (!isText(to) || !isPath(to) || leaves(to))
    throw wrong(host, 'publicDir', '"to" must be a path below the output', given);
  const globs = typeof ignore === 'string' ? [ignore] : ignore;
  if (!listOf(isText)(globs))
    throw wrong(host, 'publicDir', '"ignore" must be a glob or an array of globs', given);
  checkAssetOptions(directory, 'publicDir', host);
  const asset = { ...(minimize !== undefined && { minimize }), ...(info !== undefined && { info }) };
  return { dir: toPath(dir), to, ignore: globs, ...asset };
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}

function leaves(relative: string): boolean {
  const [first] = path.normalize(relative).split(path.sep);
  return path.isAbsolute(relative) || first === '..';
}

/** Returns the answer of a user's function. Throws if it is a promise, because nothing would wait for it. */
export function checkAnswer<Answer>(answer: Answer, host: string, option: string): Answer {
  if (!isPromise(answer)) return answer;
  throw new TypeError(
    `unplugin-reflink (${host}): option "${option}" returned a promise; it must not be asynchronous`,
  );
}

function wrong(host: string, option: string, what: string, value: unknown): TypeError {
  return new TypeError(`unplugin-reflink (${host}): option "${option}" ${what}, got ${show(value)}`);
}

function isCompiler(given: unknown): boolean {
  return typeof given === 'object' && given !== null && 'hooks' in given && 'webpack' in given;
}
