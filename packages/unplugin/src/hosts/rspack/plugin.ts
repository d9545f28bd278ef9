import type { Compilation, Compiler, RspackPluginInstance } from '@rspack/core';
import { messageOf } from '../../build.ts';
import type { ResolvedOptions } from '../../options.ts';
import { type OutputTargets, toTargets } from '../../targets.ts';
import { callingVersion, isOlder, UPDATE, unsupported, useEntry } from '../../unsupported.ts';
import { takeOverCleaning } from './clean.ts';
import { deleteFormer, RspackCopies } from './copies.ts';
import { DevelopmentServer } from './development-server.ts';
import { NAME } from './names.ts';

/** Before anybody else writes into the output, or looks at what was written. */
const BEFORE_ALL = -10_000;
/** When no plugin adds assets any more. */
const AFTER_ALL = 10_000;

export interface RspackHost {
  plugin: RspackPluginInstance;
  /** What a development server answers with, for each compiler that the plugin was applied to. */
  servers: DevelopmentServer[];
}

/** Copies static files into the output of Rspack 2. */
export function rspackPlugin(options: ResolvedOptions): RspackPluginInstance {
  return rspackHost(options).plugin;
}

/** The plugin, and what serves its files where another tool has the server. */
export function rspackHost(options: ResolvedOptions, { opensServer = true } = {}): RspackHost {
  const servers: DevelopmentServer[] = [];
  const apply = (compiler: Compiler) => {
    checkBundler(compiler);
    const targets = toTargets(options, { root: compiler.context });
    if (targets.publicTargets.length + targets.targets.length === 0) {
      deleteFormer(compiler, options);
      return;
    }
    const server = new DevelopmentServer(compiler, targets, options);
    servers.push(server);
    if (opensServer) server.open();
    applyTo(compiler, options, targets, server);
  };
  return { plugin: { name: NAME, apply }, servers };
}

/**
 * No file is an asset: Rspack would read it into memory. All are copied beside the bundle, between the hook that comes
 * before Rspack writes, where it is certain that it will, and the one that comes after.
 */
function applyTo(
  compiler: Compiler,
  options: ResolvedOptions,
  targets: OutputTargets,
  server: DevelopmentServer,
): void {
  const copies = new RspackCopies(compiler, options, targets, takeOverCleaning(compiler));
  const { hooks } = compiler;
  const attempt = async (compilation: Compilation, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      copies.fail();
      compilation.errors.push(new compiler.webpack.WebpackError(`${NAME}: ${messageOf(error)}`));
    }
  };

  hooks.make.tapPromise(NAME, () => copies.prepare());
  hooks.afterCompile.tap(NAME, (compilation) => {
    if (compiler.watchMode) copies.watch(compilation);
    server.invalidate();
  });
  hooks.emit.tapPromise({ name: NAME, stage: BEFORE_ALL }, (compilation) =>
    attempt(compilation, () => copies.begin(compilation, server)),
  );
  hooks.emit.tapPromise({ name: NAME, stage: AFTER_ALL }, (compilation) =>
    attempt(compilation, () => copies.giveWay(compilation)),
  );
  hooks.afterEmit.tapPromise({ name: NAME, stage: BEFORE_ALL }, (compilation) =>
    attempt(compilation, () => copies.finish(compilation)),
  );
  hooks.done.tapPromise(NAME, () => copies.end({ keepWorkers: compiler.watchMode }));
  hooks.failed.tap(NAME, () => void copies.end({ keepWorkers: compiler.watchMode }));
  hooks.watchClose.tap(NAME, () => void copies.end({ keepWorkers: false }));
  hooks.shutdown.tapPromise(NAME, () => copies.close());
}

/** webpack has compilers of the same shape; Vite, too, calls what a plugin has under the name "apply", with its config. */
function checkBundler({ hooks, webpack }: Compiler): void {
  if (!hooks) throw unsupported('rspack', 'another bundler', `In Vite, ${useEntry('vite')}`);
  const { rspackVersion } = webpack ?? {};
  if (!rspackVersion) {
    const version = (webpack as { version?: string } | undefined)?.version ?? callingVersion('webpack') ?? '';
    throw unsupported('rspack', `webpack ${version}`.trim(), useEntry('webpack'));
  }
  if (isOlder(rspackVersion, '2.0')) throw unsupported('rspack', `Rspack ${rspackVersion}`, UPDATE);
}
