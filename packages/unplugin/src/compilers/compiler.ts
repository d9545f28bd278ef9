// The common code of the hosts for webpack and Rspack, whose compilers are alike.
import path from 'node:path';
import { CopyError, isInside } from 'fs-reflink/host';
import { NAME } from '../options/name.ts';
import type { ResolvedOptions } from '../options/options.ts';
import {
  callingVersion,
  isOlder,
  UPDATE,
  unsupported,
  useEntry,
  useEntryIn,
} from '../options/unsupported.ts';
import { BuildCopies } from '../output/build.ts';
import { type HostLog, messageOf } from '../output/log.ts';
import { notCopied } from '../output/not-copied.ts';
import { isRealDisk, type OutputFileSystem } from '../serve/memory.ts';
import { statsOf } from '../targets/stats.ts';
import type { OutputTargets } from '../targets/targets.ts';
import { watchedPaths } from '../targets/watched.ts';

/** The used properties of a compiler of webpack or Rspack. */
export interface AnyCompiler {
  context: string;
  outputPath: string;
  options: Partial<Record<'name' | 'entry' | 'target' | 'cache', unknown>> & {
    output: { filename?: unknown };
  };
  webpack: { WebpackError: new (message: string) => Error; sources: { Source: unknown } };
  watchMode: boolean;
  hooks: Record<
    'run' | 'watchRun' | 'done' | 'shutdown',
    { tapPromise(name: string, act: () => Promise<void>): void }
  > &
    Record<'failed' | 'watchClose', { tap(name: string, act: () => void): void }> & {
      afterEmit: {
        taps: readonly { name: string }[];
        tapPromise(name: string, act: (compilation: AnyCompilation) => Promise<void>): void;
      };
    };
  getInfrastructureLogger(name: string): HostLog;
}

/** The used properties of a compilation of webpack or Rspack. */
export interface AnyCompilation {
  compiler: AnyCompiler;
  warnings: Error[];
  errors: Error[];
  fileDependencies: { add(file: string): unknown };
  contextDependencies: { add(directory: string): unknown };
  missingDependencies: { add(file: string): unknown };
  getPath(template: string, data: object): string;
}

/** The absolute path of the output of a compilation. */
export function outputOf(compilation: AnyCompilation): string {
  return path.resolve(compilation.getPath(compilation.compiler.outputPath, {}));
}

/** Whether a compiler writes to the disk. `file` must exist on the disk: it is looked up in the compiler's output. */
export function isOnDisk(compiler: AnyCompiler, file: string = compiler.context): Promise<boolean> {
  const { outputFileSystem } = compiler as unknown as { outputFileSystem: OutputFileSystem };
  return isRealDisk(outputFileSystem, file);
}

export interface CompilationLog extends HostLog {
  /** Adds an error to the compilation, so that it fails. */
  fail(error: unknown): void;
}

/**
 * The log of all builds of a compiler. Adds warnings and failures to the compilation that `current` returns, and drops
 * them if there is none. `logger` gets the rest.
 */
export function logOf(current: () => AnyCompilation | undefined, logger: HostLog): CompilationLog {
  const add = (kind: 'warnings' | 'errors', message: string) => {
    const compilation = current();
    compilation?.[kind].push(new compilation.compiler.webpack.WebpackError(`${NAME}: ${message}`));
  };
  return {
    info: (message) => logger.info(message),
    warn: (message) => add('warnings', message),
    error: (message) => logger.error(message),
    fail: (error) => add('errors', messageOf(error)),
  };
}

/** Makes the compiler watch the sources: it builds again if a file is changed, created or deleted. */
export function watchSources(compilation: AnyCompilation, targets: OutputTargets): void {
  for (const each of watchedPaths(targets, new Set([outputOf(compilation)]))) {
    const stats = statsOf(each);
    if (!stats) compilation.missingDependencies.add(each);
    else if (stats.isDirectory()) compilation.contextDependencies.add(each);
    else compilation.fileDependencies.add(each);
  }
}

/**
 * Returns a function for the data, without targets, that distinguish an instance of the plugin from others. Call this
 * once for each instance, when it is applied.
 */
export function configurationOf({ options, hooks }: AnyCompiler): () => object {
  // Each instance adds one tap of this name.
  const position = hooks.afterEmit.taps.filter(({ name }) => name === NAME).length;
  // Read as late as possible, because the compiler adds its defaults to the config later.
  return () => {
    const { name, entry, target, output } = options;
    return { position, name, entry, target, filename: output.filename };
  };
}

/** Deletes what earlier builds copied, for an instance whose options name nothing to copy any more. */
export function deleteFormer(
  host: 'webpack' | 'rspack',
  compiler: AnyCompiler,
  options: ResolvedOptions,
  logger: HostLog = compiler.getInfrastructureLogger(NAME),
): void {
  const { context: root } = compiler;
  const configuration = configurationOf(compiler);
  compiler.hooks.afterEmit.tapPromise(NAME, async (compilation) => {
    if (!(await isOnDisk(compiler))) return;
    const log = logOf(() => compilation, logger);
    const copies = new BuildCopies({ host, options, log, root });
    await copies.deleteLeftOver(outputOf(compilation), configuration()).catch(log.fail);
  });
}

/** The name of an asset's file: the name of the asset without its query. */
export function fileOf(name: string): string {
  return name.split('?', 1)[0]!;
}

/** The files of a bundle, relative to the output. */
export function bundleOf({ assets }: { assets: object }): string[] {
  return Object.keys(assets).map(fileOf);
}

/** The names of assets that a compiler cannot write because a copied file blocks the path, which `error` names. */
export function blockedNames(names: readonly string[], error: unknown, directory: string): string[] {
  if (!(error instanceof CopyError) || !(error.code === 'EISDIR' || error.code === 'ENOTDIR')) return [];
  return names.filter((name) => isInside(error.destination!, path.join(directory, fileOf(name))));
}

/** The logs that {@link warnOfOutside} has warned in. */
const warned = new WeakSet<object>();

/** Warns, once in each log, about targets outside an output in memory: such an output does not serve their files. */
export function warnOfOutside(
  bundler: string,
  { context }: Pick<AnyCompiler, 'context'>,
  { targets }: OutputTargets,
  directory: string,
  log: Pick<HostLog, 'warn'>,
): void {
  const outside = targets.filter(({ to = '.' }) => !isInside(directory, path.resolve(directory, to)));
  if (outside.length === 0 || warned.has(log)) return;
  warned.add(log);
  const why = {
    reason: `${bundler}'s output is in memory, as for a development server, and these targets lie outside of it`,
    remedy:
      'Have them copied by a build that writes to the disk, or let "to" lead into the output ("output.path").',
  };
  log.warn(notCopied({ publicTargets: [], targets: outside }, context, why));
}

/**
 * Calls `end` when a build has ended or failed, and when the compiler is closed. Then also calls `close`.
 * `keepWorkers`: worker threads stay for the next build of a watcher.
 */
export function tapEnd(
  compiler: AnyCompiler,
  end: (given: { keepWorkers: boolean }) => Promise<void>,
  close: () => void,
): void {
  const { done, failed, watchClose, shutdown } = compiler.hooks;
  done.tapPromise(NAME, () => end({ keepWorkers: compiler.watchMode }));
  failed.tap(NAME, () => void end({ keepWorkers: compiler.watchMode }));
  watchClose.tap(NAME, () => void end({ keepWorkers: false }));
  shutdown.tapPromise(NAME, () => end({ keepWorkers: false }).then(close));
}

/** @throws {TypeError} if an entry for compilers is applied to another bundler, or to a version that is too old */
export function checkCompiler(
  entry: 'webpack' | 'rspack',
  { hooks, webpack }: { hooks?: unknown; webpack?: { version?: string; rspackVersion?: string } },
): void {
  // Vite also calls the property `apply` of a plugin, with its config.
  if (!hooks) throw unsupported(entry, 'another bundler', useEntryIn('Vite', 'vite'));
  // Rspack also has `webpack.version`: the version of webpack whose plugins it supports.
  const { rspackVersion } = webpack ?? {};
  const version = rspackVersion ?? webpack?.version ?? callingVersion('webpack') ?? '4';
  const found = `${rspackVersion ? 'Rspack' : 'webpack'} ${version}`;
  if (entry === 'webpack' && rspackVersion) throw unsupported(entry, found, RSPACK);
  if (entry === 'rspack' && !rspackVersion) throw unsupported(entry, found, useEntry('webpack'));
  if (isOlder(version, rspackVersion ? '2.0' : '5.76')) throw unsupported(entry, found, UPDATE);
}

const RSPACK = `${useEntry('rspack')}. Docusaurus builds with Rspack unless its config turns that off`;
