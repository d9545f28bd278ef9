import path from 'node:path';
import { inspect } from 'node:util';
import type { CopyOptions, CopyReport, Target } from 'fs-reflink';
import { checkOptions, hintFor, isPath, toPath } from 'fs-reflink/options';
import { type ImportedAssets, type ResolvedAssets, resolveAssets } from './assets/options.ts';

/** Options of the copy engine that a bundler plugin passes on; see fs-reflink. */
type EngineOptions = Pick<
  CopyOptions,
  'reflink' | 'atomic' | 'preserve' | 'symlinks' | 'pageCache' | 'durability' | 'concurrency' | 'allowMissing'
>;

/** What webpack and its plugins are told about files, and may do to them. webpack only. */
export interface AssetOptions {
  /**
   * Whether minimizers get the files. Unless `info` says otherwise, `false` marks each as minimized, so that it stays
   * as it is, and `true` marks none.
   *
   * @default true for whatever the minimizers of the config look for, but not for scripts (.js, .mjs, .cjs)
   */
  minimize?: boolean;
  /**
   * What is added to webpack's information about the assets, as in copy-webpack-plugin: an object, or a function that
   * gets the absolute path of the source and the asset's name, and returns one.
   *
   * @default {}
   */
  info?: Record<string, unknown> | ((file: { source: string; name: string }) => Record<string, unknown>);
}

/** What is copied besides the public directory: a target of fs-reflink, and what webpack is told about its files. */
export interface OutputTarget<Path extends string | URL = string | URL> extends Target<Path>, AssetOptions {}

/** A directory whose contents go into the output as they are. */
export interface PublicDirectory extends AssetOptions {
  /** The directory, as a path relative to the project's root or as a `file:` URL. */
  dir: string | URL;
  /**
   * The directory below the output that its contents go to.
   *
   * @default '.'
   */
  to?: string;
  /**
   * Globs of what not to copy, relative to `dir`. Dotfiles match too.
   *
   * @default []
   */
  ignore?: string | readonly string[];
}

/** What is reported about an output directory; see {@link Options.report}. */
export type Report = false | 'summary' | 'verbose' | ((report: CopyReport, outDir: string) => void);

/** Options of the plugin, the same for every bundler. */
export interface Options extends EngineOptions {
  /**
   * Directories whose contents are copied before the bundle is written, which wins over them. In Vite they take
   * the place of its own public directory, which the first whose `to` is `'.'` becomes; `false` leaves that one to
   * Vite. So they do in Rsbuild, whose own is switched off.
   *
   * @default Vite's or Rsbuild's own; none elsewhere
   */
  publicDir?: false | string | URL | PublicDirectory | readonly (string | URL | PublicDirectory)[];
  /**
   * What else is copied, and wins over the bundle. `from` and `base` are relative to the project's root, `to` to
   * the output directory. `to: 'i18n'` is the directory of that name in the output; an absolute `to` is a path of the
   * file system. Outside the output, the project and the working directory it is refused with
   * `ERR_OUTSIDE_DESTINATION`, unless the target has `allowOutside: true`.
   *
   * @default []
   */
  targets?: readonly OutputTarget[];
  /**
   * What is reported about each output directory: nothing; one line through the bundler's logger, with how many files were
   * copied, deleted and left unchanged; that with bytes and methods, and a line for each file copied or deleted; or the
   * report to a function.
   *
   * @default 'summary'
   */
  report?: Report;
  /**
   * Copies and deletes nothing, and reports what would be copied and deleted. The bundler writes its bundle all the same,
   * and empties the output as far as it would without the plugin's files. Imported files are the bundler's then. Development
   * servers, which copy nothing, are as always. For the adapters of SvelteKit there is no such option.
   *
   * @default false
   */
  dryRun?: boolean;
  /**
   * The directory of the records of what was copied, by which the next build knows what is unchanged and what is to be
   * deleted. It may be thrown away: the next build copies everything then, and deletes nothing. Relative to the
   * project's root. Where it cannot be written, each build warns and copies everything; where something that is no
   * directory is in its place, records go to the directory for temporary files, with a warning.
   *
   * @default `unplugin-reflink` in Vite's `cacheDir` (`node_modules/.vite`); `node_modules/.cache/unplugin-reflink` elsewhere, and in a project without `node_modules` a directory of the user's among the temporary files
   */
  cacheDirectory?: string | URL;
  /**
   * Vite, Rollup, Rolldown, esbuild, webpack, Rspack and Rsbuild only: imported files that the engine copies. The bundler
   * names them, and never reads them. `true` takes all that {@link ImportedAssets} takes by default.
   *
   * @default false
   */
  assets?: boolean | ImportedAssets;
  /**
   * What Vite alone can do. Other bundlers ignore it, so that several may share their options.
   *
   * @default {}
   */
  vite?: ViteOptions;
  /**
   * What webpack alone can do. Other bundlers ignore it.
   *
   * @default {}
   */
  webpack?: WebpackOptions;
}

/** Options for Vite alone; see {@link Options.vite}. */
export interface ViteOptions {
  /**
   * Environments into whose output is copied, by name. The public directory is never copied where
   * `copyPublicDir` is false. What a build copies nowhere is warned about, and so is a name that the config does not
   * have.
   *
   * @default all for the public directory, `client` for targets
   */
  environments?: readonly string[] | ((name: string) => boolean);
  /**
   * Whether the development server reloads the page when a file that is copied changes, comes or goes.
   *
   * @default false
   */
  reload?: boolean;
}

/** Options for webpack alone; see {@link Options.webpack}. */
export interface WebpackOptions {
  /**
   * Copies what `output.copy` names (webpack 5.111 and newer) in webpack's place. A pattern that cannot be copied the
   * same way here is an error.
   *
   * @default false
   */
  takeOver?: boolean;
  /**
   * How files get into an output that is kept in memory, as a development server does. `'serve'` has them read from
   * where they are when they are asked for; `'emit'` reads all of them into memory.
   *
   * @default 'serve'
   */
  dev?: 'serve' | 'emit';
}

export type ResolvedTarget = OutputTarget<string>;

export interface ResolvedPublicDirectory extends PublicDirectory {
  dir: string;
}

export interface ResolvedOptions {
  engine: EngineOptions;
  /** Undefined: what the host has, if it has one. */
  publicDirs: readonly ResolvedPublicDirectory[] | undefined;
  targets: readonly ResolvedTarget[];
  report: Report;
  dryRun: boolean;
  /** Undefined: where the host keeps what may be thrown away. */
  cacheDirectory: string | undefined;
  /** Undefined: all for the public directory, the client's for targets. */
  environments: ((name: string) => boolean) | undefined;
  /** Where the option is a list. */
  environmentNames: readonly string[] | undefined;
  reload: boolean;
  takeOver: boolean;
  dev: 'serve' | 'emit';
  /** Undefined: the bundler has all imported files. */
  assets: ResolvedAssets | undefined;
}

const ENGINE = [
  'reflink',
  'atomic',
  'preserve',
  'symlinks',
  'pageCache',
  'durability',
  'concurrency',
  'allowMissing',
] as const;
const KNOWN: readonly string[] = [
  ...ENGINE,
  'publicDir',
  'targets',
  'report',
  'dryRun',
  'cacheDirectory',
  'assets',
  'vite',
  'webpack',
];
/** SvelteKit says what is copied, and deletes it before each build. */
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

/** What to do about an option of another plugin. */
const peers: Record<string, string> = {
  cache: 'use "pageCache", or "cacheDirectory" for the records of what was copied',
  copyOnce: 'leave it out: what did not change is not copied again',
  dev: 'use "webpack: { dev }"',
  environment: 'use "vite: { environments }"',
  environments: 'use "vite: { environments }"',
  flatten: 'use "flatten" of a target',
  hook: 'leave it out: files are copied when the bundle is written',
  ignore: 'use "ignore" of a target or of a public directory',
  patterns: 'use "targets"',
  reload: 'use "vite: { reload }"',
  silent: 'use "report: false"',
  structured: 'use "base" of a target',
  takeOver: 'use "webpack: { takeOver }"',
  verbose: 'use "report: \'verbose\'"',
  watch: 'leave it out: files that are copied are watched when the bundler watches',
};

/**
 * Checks options and fills in what was left out.
 *
 * @throws {TypeError} naming the option, its value and the host
 */
export function resolveOptions(options: Options | undefined, host: string): ResolvedOptions {
  const given = options ?? {};
  if (typeof given !== 'object' || Array.isArray(given))
    throw wrong(host, 'options', 'must be an object', given);
  const known = host === 'sveltekit' ? OF_ADAPTERS : KNOWN;
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown) {
    throw new TypeError(
      `unplugin-reflink (${host}): unknown option "${unknown}", which is ${show(given[unknown as never])}; ${hintFor(peers, unknown)}known are ${known.join(', ')}`,
    );
  }
  if (given.assets !== undefined && !HOSTS_WITH_ASSETS.includes(host))
    throw wrong(
      host,
      'assets',
      'is for Vite, Rollup, Rolldown, esbuild, webpack, Rspack and Rsbuild only',
      given.assets,
    );
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
  const { environments, reload = false } = optionsOf('vite', given, ['environments', 'reload'], host);
  if (environments !== undefined && !isListOfNames(environments) && typeof environments !== 'function') {
    throw wrong(host, 'vite.environments', 'must be an array of names or a function', environments);
  }
  if (typeof reload !== 'boolean') throw wrong(host, 'vite.reload', 'must be true or false', reload);
  const { takeOver = false, dev = 'serve' } = optionsOf('webpack', given, ['takeOver', 'dev'], host);
  if (typeof takeOver !== 'boolean') throw wrong(host, 'webpack.takeOver', 'must be true or false', takeOver);
  if (dev !== 'serve' && dev !== 'emit') throw wrong(host, 'webpack.dev', "must be 'serve' or 'emit'", dev);
  const engine = Object.fromEntries(
    ENGINE.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
  );
  checkByEngine(targets, engine, host);
  const assets = resolveAssets(given.assets, (what) => wrong(host, 'assets', what, given.assets));
  return {
    engine,
    publicDirs: resolvePublicDirs(given.publicDir, host),
    targets: targets.map(withPaths),
    report,
    dryRun,
    cacheDirectory: cacheDirectory === undefined ? undefined : toPath(cacheDirectory),
    environments: toPredicate(environments),
    environmentNames: typeof environments === 'function' ? undefined : environments,
    reload,
    takeOver,
    dev,
    // The engine copies none.
    assets: dryRun ? undefined : assets,
  };
}

/** The options for one bundler alone, of which only the names are checked. */
function optionsOf<Name extends 'vite' | 'webpack'>(
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
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

/** The engine knows what its options and targets accept. */
function checkByEngine(targets: readonly OutputTarget[], engine: EngineOptions, host: string): void {
  try {
    checkOptions(targets.map(engineTarget), engine);
  } catch (error) {
    const { message } = error as TypeError;
    throw new TypeError(message.replace('fs-reflink:', `unplugin-reflink (${host}):`));
  }
}

/** A target with paths in place of URLs. */
function withPaths(target: OutputTarget): ResolvedTarget {
  const { from, to, base } = target;
  return {
    ...target,
    from: Array.isArray(from) ? from.map(toPath) : toPath(from as string | URL),
    ...(to !== undefined && { to: toPath(to) }),
    ...(base !== undefined && { base: toPath(base) }),
  } as ResolvedTarget;
}

/** A target without what is webpack's. */
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

/** A directory may have a name in brackets, as routes have: what nobody means but webpack's names. */
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
  const list = Array.isArray(given) ? given : [given];
  return list.map((each) => resolvePublicDir(each, host));
}

const PUBLIC_DIRECTORY: readonly string[] = ['dir', 'to', 'ignore', 'minimize', 'info'];

function resolvePublicDir(given: unknown, host: string): ResolvedPublicDirectory {
  const what = 'must be a path, { dir, to, ignore }, an array of these or false';
  const isDirectory = typeof given === 'string' || given instanceof URL;
  const directory = (isDirectory ? { dir: given } : given) as PublicDirectory;
  if (typeof directory !== 'object' || directory === null || Array.isArray(directory))
    throw wrong(host, 'publicDir', what, given);
  const { dir, to = '.', ignore = [], minimize, info } = directory;
  const unknown = Object.keys(directory).some((name) => !PUBLIC_DIRECTORY.includes(name));
  if (unknown || !isPath(dir)) throw wrong(host, 'publicDir', what, given);
  if (!isText(to) || leaves(to))
    throw wrong(host, 'publicDir', '"to" must be a path below the output', given);
  const globs = typeof ignore === 'string' ? [ignore] : ignore;
  if (!Array.isArray(globs) || !globs.every(isText))
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

function toPredicate(environments: ViteOptions['environments']): ResolvedOptions['environments'] {
  if (environments === undefined || typeof environments === 'function') return environments;
  return (name) => environments.includes(name);
}

function wrong(host: string, option: string, what: string, value: unknown): TypeError {
  return new TypeError(`unplugin-reflink (${host}): option "${option}" ${what}, got ${show(value)}`);
}

function show(value: unknown): string {
  return typeof value === 'function' ? 'a function' : inspect(value, { depth: 2, breakLength: Infinity });
}
