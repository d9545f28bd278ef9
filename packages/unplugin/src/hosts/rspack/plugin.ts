import type { Compilation, Compiler, RspackPluginInstance } from '@rspack/core';
import { checkCompiler, deleteFormer, logOf, tapEnd } from '../../compilers/compiler.ts';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import type { HostLog } from '../../output/log.ts';
import { hasTargets, toTargets } from '../../targets/targets.ts';
import { type Cleaning, takeOverCleaning } from './clean.ts';
import { RspackCopies } from './copies.ts';
import { DevelopmentServer } from './development-server.ts';
import { RspackImports } from './imported-files.ts';
import { takeOverPatterns } from './take-over.ts';

/** Before anybody else writes into the output, or looks at what was written. */
const BEFORE_ALL = -10_000;
/** When no plugin adds assets any more. */
const AFTER_ALL = 10_000;

/** What a tool that builds with Rspack does itself. */
export interface Surroundings {
  /** Has the development server: Rspack's own, that of its command line, is not asked. */
  hasServer?: boolean;
  /** Empties the output: how we do it instead. Otherwise Rspack does. */
  cleaning?: Cleaning | undefined;
  /** Prints messages. */
  logger?: HostLog;
  /** The public directories of the options are those that the tool has by default. */
  publicDirsAreDefault?: boolean;
}

export interface RspackHost {
  plugin: RspackPluginInstance;
  /** The compilers that the plugin was applied to and copies for. */
  compilers: { copies: RspackCopies; server: DevelopmentServer }[];
}

/** Copies static files into the output of Rspack 2. */
export function rspackPlugin(options: ResolvedOptions): RspackPluginInstance {
  return rspackHost(options).plugin;
}

export function rspackHost(options: ResolvedOptions, surroundings: Surroundings = {}): RspackHost {
  const compilers: RspackHost['compilers'] = [];
  const apply = (compiler: Compiler) => {
    checkCompiler('rspack', compiler);
    const { logger = compiler.getInfrastructureLogger(NAME), hasServer = false } = surroundings;
    const { publicDirsAreDefault = false } = surroundings;
    const targets = toTargets(options, { root: compiler.context });
    if (!hasTargets(targets) && !options.assets && !options.takeOver) {
      deleteFormer('rspack', compiler, options, logger);
      return;
    }
    // When all plugins were applied, also those that come later in the config.
    if (options.takeOver)
      compiler.hooks.initialize.tap(NAME, () => takeOverPatterns(compiler, targets, options, logger));
    const server = new DevelopmentServer(compiler, { targets, options, logger, isOpen: hasServer });
    if (!hasServer) server.open();
    const cleaning = surroundings.cleaning ?? takeOverCleaning(compiler);
    const imported = RspackImports.of(compiler, options);
    const settings = { options, targets, cleaning, logger, imported, publicDirsAreDefault };
    const copies = new RspackCopies(compiler, settings);
    compilers.push({ copies, server });
    applyTo(compiler, copies, server);
  };
  return { plugin: { name: NAME, apply }, compilers };
}

/**
 * No file is an asset: Rspack would read it into memory. All are copied beside the bundle, between the hook that comes
 * before Rspack writes, where it is certain that it will, and the one that comes after.
 */
function applyTo(compiler: Compiler, copies: RspackCopies, server: DevelopmentServer): void {
  const { hooks } = compiler;
  const attempt = async (compilation: Compilation, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      copies.fail();
      logOf(compilation).fail(error);
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
    attempt(compilation, () => copies.deleteCollisions(compilation)),
  );
  hooks.afterEmit.tapPromise({ name: NAME, stage: BEFORE_ALL }, (compilation) =>
    attempt(compilation, () => copies.finish(compilation)),
  );
  tapEnd(
    compiler,
    (how) => copies.end(how),
    () => copies.close(),
  );
}
