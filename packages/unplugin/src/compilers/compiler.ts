/** What the hosts of webpack and Rspack, whose compilers are alike, have in common. */
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

/** What both have of a compiler. */
export interface AnyCompiler {
  context: string;
  outputPath: string;
  options: { name?: unknown; entry?: unknown; target?: unknown; output: { filename?: unknown } };
  webpack: { WebpackError: new (message: string) => Error };
  watchMode: boolean;
  hooks: Record<'done' | 'shutdown', { tapPromise(name: string, act: () => Promise<void>): void }> &
    Record<'failed' | 'watchClose', { tap(name: string, act: () => void): void }> & {
      afterEmit: {
        taps: readonly { name: string }[];
        tapPromise(name: string, act: (compilation: AnyCompilation) => Promise<void>): void;
      };
    };
  getInfrastructureLogger(name: string): HostLog;
}

/** What both have of a compilation. */
export interface AnyCompilation {
  compiler: AnyCompiler;
  warnings: Error[];
  errors: Error[];
  fileDependencies: { add(file: string): unknown };
  contextDependencies: { add(directory: string): unknown };
  missingDependencies: { add(file: string): unknown };
  getPath(template: string, data: object): string;
}

/** Where a compilation is written: absolute path. */
export function outputOf(compilation: AnyCompilation): string {
  return path.resolve(compilation.getPath(compilation.compiler.outputPath, {}));
}

/** Whether what a compiler writes goes to the disk, where `file` is. */
export function isOnDisk(compiler: AnyCompiler, file: string = compiler.context): Promise<boolean> {
  const { outputFileSystem } = compiler as unknown as { outputFileSystem: OutputFileSystem };
  return isRealDisk(outputFileSystem, file);
}

export interface CompilationLog extends HostLog {
  /** The compilation is not to succeed. */
  fail(error: unknown): void;
}

/** Logs through the compiler or `logger`; warnings, and what fails, belong to a compilation. */
export function logOf(
  compilation: AnyCompilation,
  logger: HostLog = compilation.compiler.getInfrastructureLogger(NAME),
): CompilationLog {
  const { WebpackError } = compilation.compiler.webpack;
  const named = (message: string) => new WebpackError(`${NAME}: ${message}`);
  return {
    info: (message) => logger.info(message),
    warn: (message) => void compilation.warnings.push(named(message)),
    error: (message) => logger.error(message),
    fail: (error) => void compilation.errors.push(named(messageOf(error))),
  };
}

/** The same for all builds of a compiler: `current` is the compilation of the one that is underway. */
export function logOfBuilds(current: () => AnyCompilation | undefined, logger: HostLog): HostLog {
  return {
    info: (message) => logger.info(message),
    warn(message) {
      const compilation = current();
      if (compilation) logOf(compilation, logger).warn(message);
    },
    error: (message) => logger.error(message),
  };
}

/** A change of any file that is copied is a reason to build again, and so is a new one. */
export function watchSources(compilation: AnyCompilation, targets: OutputTargets): void {
  for (const each of watchedPaths(targets, new Set([outputOf(compilation)]))) {
    const stats = statsOf(each);
    if (!stats) compilation.missingDependencies.add(each);
    else if (stats.isDirectory()) compilation.contextDependencies.add(each);
    else compilation.fileDependencies.add(each);
  }
}

/** What distinguishes an instance of the plugin from others, but for its targets; asked once for each, when it is applied. */
export function configurationOf({ options, hooks }: AnyCompiler): () => object {
  // Each instance has one.
  const position = hooks.afterEmit.taps.filter(({ name }) => name === NAME).length;
  // Not before it is needed: what the config leaves out comes later.
  return () => {
    const { name, entry, target, output } = options;
    return { position, name, entry, target, filename: output.filename };
  };
}

/** Deletes what was copied while the options named something. */
export function deleteFormer(
  host: 'webpack' | 'rspack',
  compiler: AnyCompiler,
  options: ResolvedOptions,
  logger?: HostLog,
): void {
  const { context: root } = compiler;
  const configuration = configurationOf(compiler);
  compiler.hooks.afterEmit.tapPromise(NAME, async (compilation) => {
    if (!(await isOnDisk(compiler))) return;
    const log = logOf(compilation, logger);
    const copies = new BuildCopies({ host, options, log, root });
    await copies.deleteLeftOver(outputOf(compilation), configuration()).catch(log.fail);
  });
}

/** Names of assets may end in a query, which is no part of the name of the file. */
export function fileOf(name: string): string {
  return name.split('?', 1)[0]!;
}

/** The files of a bundle, relative to the output. */
export function bundleOf({ assets }: { assets: object }): string[] {
  return Object.keys(assets).map(fileOf);
}

/** The assets, by name, that a compiler cannot write because a file of ours is in their way. `error` names that file. */
export function blockedNames(names: readonly string[], error: unknown, directory: string): string[] {
  if (!(error instanceof CopyError) || !(error.code === 'EISDIR' || error.code === 'ENOTDIR')) return [];
  return names.filter((name) => isInside(error.destination!, path.join(directory, fileOf(name))));
}

/** A warning where targets lie outside of an output in memory: nobody asks it for them. */
export function outsideWarning(
  bundler: string,
  { context }: Pick<AnyCompiler, 'context'>,
  targets: OutputTargets['targets'],
  directory: string,
): string | undefined {
  const outside = targets.filter(({ to = '.' }) => !isInside(directory, path.resolve(directory, to)));
  if (outside.length === 0) return undefined;
  return notCopied({ publicTargets: [], targets: outside }, context, {
    reason: `${bundler}'s output is in memory, as for a development server, and these targets lie outside of it`,
    remedy:
      'Have them copied by a build that writes to the disk, or let "to" lead into the output ("output.path").',
  });
}

/** Calls `end` when a build is over or has failed, and `close` when there will be none any more. */
export function tapEnd(
  compiler: AnyCompiler,
  end: (given: { keepWorkers: boolean }) => Promise<void>,
  close: () => Promise<void>,
): void {
  const { done, failed, watchClose, shutdown } = compiler.hooks;
  done.tapPromise(NAME, () => end({ keepWorkers: compiler.watchMode }));
  failed.tap(NAME, () => void end({ keepWorkers: compiler.watchMode }));
  watchClose.tap(NAME, () => void end({ keepWorkers: false }));
  shutdown.tapPromise(NAME, close);
}

/** @throws {TypeError} where an entry for compilers is applied to another bundler, or to an older version */
export function checkCompiler(entry: 'webpack' | 'rspack', { hooks, webpack }: UnknownCompiler): void {
  // Vite, too, calls what a plugin has under the name "apply", with its config.
  if (!hooks) throw unsupported(entry, 'another bundler', useEntryIn('Vite', 'vite'));
  // Rspack calls itself a webpack, of the version whose plugins it means to run.
  const { rspackVersion } = webpack ?? {};
  const version = rspackVersion ?? webpack?.version ?? callingVersion('webpack') ?? '4';
  const found = `${rspackVersion ? 'Rspack' : 'webpack'} ${version}`;
  if (entry === 'webpack' && rspackVersion) throw unsupported(entry, found, RSPACK);
  if (entry === 'rspack' && !rspackVersion) throw unsupported(entry, found, useEntry('webpack'));
  if (isOlder(version, rspackVersion ? '2.0' : '5.76')) throw unsupported(entry, found, UPDATE);
}

interface UnknownCompiler {
  hooks?: unknown;
  webpack?: { version?: string; rspackVersion?: string };
}

const RSPACK = `${useEntry('rspack')}. Docusaurus builds with Rspack unless its config turns that off`;
