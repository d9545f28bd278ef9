import type { Compilation, Compiler, RspackPluginInstance } from '@rspack/core';
import { checkCompiler, deleteFormer, tapEnd, watchSources } from '../../compilers/compiler.ts';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import type { HostLog } from '../../output/log.ts';
import { hasTargets, toTargets } from '../../targets/targets.ts';
import { type Cleaning, takeOverCleaning } from './clean.ts';
import { RspackCopies } from './copies.ts';
import { DevelopmentServer } from './development-server.ts';
import { RspackImports } from './imported-files.ts';
import { takeOverPatterns } from './take-over.ts';

/** A stage before other plugins write into the output, or read what was written. */
const BEFORE_ALL = -10_000;
/** A stage after other plugins have emptied the output. */
const AFTER_CLEANING = 200;
/** A stage at which no plugin adds assets any more. */
const AFTER_ALL = 10_000;

/** The settings of a tool that builds with Rspack, such as Rsbuild. */
export interface Surroundings {
  /** Whether the tool has its own development server. Then the compiler's options for the server stay unchanged. */
  hasServer?: boolean;
  /** Set if the plugin empties the output in place of the tool. By default, Rspack's `output.clean` decides. */
  cleaning?: Cleaning | undefined;
  /** The log for messages. By default, it is the compiler's. */
  logger?: HostLog;
  /** Whether the public directories of the options are the tool's own. */
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
    // At this hook all plugins are applied, including those that come later in the config.
    if (options.takeOver)
      compiler.hooks.initialize.tap(NAME, () => takeOverPatterns(compiler, targets, options, logger));
    const server = new DevelopmentServer(compiler, { targets, options, logger, isOpen: hasServer });
    if (!hasServer) server.open();
    const cleaning = surroundings.cleaning ?? takeOverCleaning(compiler);
    const imported = RspackImports.of(compiler, options);
    const settings = { options, targets, cleaning, logger, imported, publicDirsAreDefault };
    const copies = new RspackCopies(compiler, settings);
    compilers.push({ copies, server });
    compiler.hooks.afterCompile.tap(NAME, (compilation) => {
      if (compiler.watchMode) watchSources(compilation, targets);
      server.invalidate();
    });
    applyTo(compiler, copies, server);
  };
  return { plugin: { name: NAME, apply }, compilers };
}

/**
 * Copied files are no assets, because Rspack would read assets into memory. The copy runs while Rspack writes the
 * bundle. It starts in the hook before, at which it is certain that Rspack writes, and is awaited in the hook after.
 */
function applyTo(compiler: Compiler, copies: RspackCopies, server: DevelopmentServer): void {
  const { hooks } = compiler;
  const attempt = (act: (compilation: Compilation) => Promise<void>) => (compilation: Compilation) =>
    act(compilation).catch((error: unknown) => copies.fail(error));

  hooks.make.tapPromise(NAME, () => copies.prepare());
  hooks.emit.tapPromise(
    { name: NAME, stage: BEFORE_ALL },
    attempt((compilation) => copies.empty(compilation)),
  );
  hooks.emit.tapPromise(
    { name: NAME, stage: AFTER_CLEANING },
    attempt((compilation) => copies.begin(compilation, server)),
  );
  hooks.emit.tapPromise(
    { name: NAME, stage: AFTER_ALL },
    attempt((compilation) => copies.deleteCollisions(compilation)),
  );
  hooks.afterEmit.tapPromise(
    { name: NAME, stage: BEFORE_ALL },
    attempt((compilation) => copies.finish(compilation)),
  );
  tapEnd(
    compiler,
    (how) => copies.end(how),
    () => copies.release(),
  );
}
