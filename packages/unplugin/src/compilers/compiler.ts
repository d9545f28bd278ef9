/** What the hosts of webpack and Rspack, whose compilers are alike, have in common. */
import path from 'node:path';
import { type HostLog, messageOf } from '../build.ts';
import { cacheDirectoryOf } from '../cache.ts';
import { deleteLeftOver } from '../left-over.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Instance } from '../record-index.ts';
import { isRealDisk, type OutputFileSystem } from '../serve/memory.ts';
import { statsOf } from '../stats.ts';
import type { OutputTargets } from '../targets.ts';
import { watchedPaths } from '../watched.ts';

export const NAME = 'unplugin-reflink';

/** What both have of a compiler. */
export interface AnyCompiler {
  context: string;
  outputPath: string;
  options: { name?: unknown; entry?: unknown; target?: unknown; output: { filename?: unknown } };
  webpack: { WebpackError: new (message: string) => Error };
  hooks: {
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

/** Logs through the compiler or `logger`; warnings, and what fails, belong to a compilation. */
export function logOf(
  compilation: AnyCompilation,
  logger: HostLog = compilation.compiler.getInfrastructureLogger(NAME),
): HostLog & { fail(error: unknown): void } {
  const { WebpackError } = compilation.compiler.webpack;
  const named = (message: string) => new WebpackError(`${NAME}: ${message}`);
  return {
    info: (message) => logger.info(message),
    warn: (message) => void compilation.warnings.push(named(message)),
    error: (message) => logger.error(message),
    fail: (error) => void compilation.errors.push(named(messageOf(error))),
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
export function instanceOf(host: string, { options, hooks }: AnyCompiler): () => Omit<Instance, 'targets'> {
  // Each instance has one.
  const position = hooks.afterEmit.taps.filter(({ name }) => name === NAME).length;
  // Not before it is needed: what the config leaves out comes later.
  return () => {
    const { name, entry, target, output } = options;
    return { host, configuration: { position, name, entry, target, filename: output.filename } };
  };
}

/** Deletes what was copied while the options named something. */
export function deleteFormer(
  compiler: AnyCompiler,
  instance: () => Omit<Instance, 'targets'>,
  options: ResolvedOptions,
  logger?: HostLog,
): void {
  const { context: root } = compiler;
  compiler.hooks.afterEmit.tapPromise(NAME, async (compilation) => {
    if (!(await isOnDisk(compiler))) return;
    const output = {
      cacheDirectory: cacheDirectoryOf(options, root),
      directory: outputOf(compilation),
      root,
    };
    const log = logOf(compilation, logger);
    await deleteLeftOver({ instance: instance(), ...output }, options, log).catch(log.fail);
  });
}
