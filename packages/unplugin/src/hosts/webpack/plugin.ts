import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Compiler, WebpackPluginInstance } from 'webpack';
import {
  checkCompiler,
  configurationOf,
  deleteFormer,
  isOnDisk,
  logOf,
  tapEnd,
} from '../../compilers/compiler.ts';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { BuildCopies } from '../../output/build.ts';
import { type CompilerState, WebpackBuild } from './build.ts';
import { WebpackImports } from './imported-files.ts';
import { takeOverCopy } from './patterns.ts';
import { engineTargets, webpackTargets } from './targets.ts';
import { WatchState } from './watch-state.ts';

/** A stage after webpack has cleaned the output. */
const AFTER_CLEANING = 200;
/** A stage before other plugins read the assets that were written. */
const BEFORE_ALL = -10_000;

/** By compiler: what the instances of the plugin in it copy, in the order of the config. */
const instances = new WeakMap<Compiler, unknown[]>();

/**
 * Copies static files into the output of webpack 5.76 and newer. The files are assets, so that plugins that list
 * assets find them, but their content is read only if a plugin asks for it. They are copied just before webpack
 * writes the assets, and are not among the assets while webpack writes the others.
 */
export function webpackPlugin(options: ResolvedOptions): WebpackPluginInstance {
  return { apply: (compiler: Compiler) => applyTo(compiler, options) };
}

function applyTo(compiler: Compiler, options: ResolvedOptions): void {
  checkCompiler('webpack', compiler);
  const { context: root, hooks, webpack } = compiler;
  const targets = [
    ...(options.takeOver ? takeOverCopy(compiler, options) : []),
    ...webpackTargets(options, root),
  ];
  if (targets.length === 0 && !options.assets) {
    deleteFormer('webpack', compiler, options);
    return;
  }
  /** The current build, or the last one. A compiler runs one build at a time. */
  let build: WebpackBuild | undefined;
  const log = logOf(() => build?.compilation, compiler.getInfrastructureLogger(NAME));
  const copies = new BuildCopies({ host: 'webpack', options, log, root });
  const configuration = configurationOf(compiler);
  // Includes what the engine's targets do not contain: templates and patterns.
  const named = [options.publicDirs, options.targets, targets.map(({ pattern }) => pattern?.from)];
  const earlier = instances.get(compiler) ?? [];
  instances.set(compiler, [...earlier, named]);
  // Only the last one of several instances copies a file that all of them name. If they shared a record, the file would
  // be stale for the others.
  const twins = earlier.filter((each) => isDeepStrictEqual(each, named)).length;
  const watch = new WatchState(compiler, targets);
  const state: CompilerState = {
    compiler,
    options,
    log,
    targets,
    watch,
    copies,
    imported: options.assets && new WebpackImports(compiler, options),
    claim: (directory) => copies.claim(directory, configuration(), [named, twins]),
  };

  // From this hook on, webpack's defaults are known, for example the path of the output. webpack calls it for all
  // compilers before the first of them builds.
  hooks.initialize.tap(NAME, () => state.claim(path.resolve(compiler.options.output.path!)));
  hooks.thisCompilation.tap(NAME, (compilation) => {
    const current = new WebpackBuild(state, compilation);
    build = current;
    // After other plugins have added assets, and before any plugin processes assets.
    const stage = webpack.Compilation.PROCESS_ASSETS_STAGE_ADDITIONAL + 1;
    compilation.hooks.processAssets.tapPromise({ name: NAME, stage }, () => current.addAssets());
    webpack.CleanPlugin.getCompilationHooks(compilation).keep.tap(NAME, (name) => current.keeps(name));
  });
  // Loads the engine while webpack builds modules.
  hooks.make.tapPromise(NAME, async () => {
    if (await isOnDisk(compiler)) copies.prepare(engineTargets(targets));
  });
  hooks.emit.tapPromise({ name: NAME, stage: AFTER_CLEANING }, async () => build?.copy());
  hooks.afterEmit.tap({ name: NAME, stage: BEFORE_ALL }, () => build?.putBackAssets());
  const end = async (how: { keepWorkers: boolean }) => {
    watch.buildEnded();
    await copies.end(how);
  };
  tapEnd(compiler, end, () => copies.release());
}
