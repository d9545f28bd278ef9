import path from 'node:path';
import type { Compiler, WebpackPluginInstance } from 'webpack';
import { cacheDirectoryOf } from '../../cache.ts';
import { deleteFormer, instanceOf, NAME } from '../../compilers/compiler.ts';
import type { ResolvedOptions } from '../../options.ts';
import { Preparation } from '../../preparation.ts';
import { type ClaimedRecord, claimRecord, type Instance } from '../../record-index.ts';
import { callingVersion, isOlder, UPDATE, unsupported, useEntry, useEntryIn } from '../../unsupported.ts';
import { type CompilerState, WebpackBuild } from './build.ts';
import { hideFromSearch } from './hiding.ts';
import { ImportedFiles } from './imported-files.ts';
import { takeOverCopy } from './patterns.ts';
import { webpackTargets } from './targets.ts';
import { WatchState } from './watch-state.ts';

/** After webpack has cleaned the output. */
const AFTER_CLEANING = 200;
/** Before anybody looks at what was written. */
const BEFORE_ALL = -10_000;

/**
 * Copies static files into the output of webpack 5.76 and newer. Files are assets as all others, whose content is read
 * only when somebody asks for it, so that everybody who lists assets knows them. Just before webpack writes assets they
 * are copied, and they are none while it writes the others.
 */
export function webpackPlugin(options: ResolvedOptions): WebpackPluginInstance {
  return { apply: (compiler: Compiler) => applyTo(compiler, options) };
}

function applyTo(compiler: Compiler, options: ResolvedOptions): void {
  checkBundler(compiler);
  const instance = instanceOf('webpack', compiler);
  const targets = [
    ...(options.takeOver ? takeOverCopy(compiler, options) : []),
    ...webpackTargets(options, compiler.context),
  ];
  if (targets.length === 0 && !options.assets) {
    deleteFormer(compiler, instance, options);
    return;
  }
  const { Compilation, CleanPlugin } = compiler.webpack;
  let record: ClaimedRecord | undefined;
  const state: CompilerState = {
    compiler,
    options,
    targets,
    watch: new WatchState(compiler, targets),
    preparation: new Preparation(),
    imported: options.assets && new ImportedFiles(compiler, options),
    claimRecord: () => (record ??= recordOf(instance(), state)),
    warnedOfOutside: false,
  };
  /** The last one: a compiler has one at a time. */
  let build: WebpackBuild | undefined;

  // What the config leaves out, the path of the output for instance, is known from here on.
  compiler.hooks.initialize.tap(NAME, () => void state.claimRecord());
  compiler.hooks.thisCompilation.tap(NAME, (compilation) => {
    const current = new WebpackBuild(state, compilation);
    build = current;
    const { processAssets } = compilation.hooks;
    const at = (stage: number) => ({ name: NAME, stage });
    // When what others add is there, and before anybody looks for assets to work on.
    const added = Compilation.PROCESS_ASSETS_STAGE_ADDITIONAL + 1;
    processAssets.tapPromise(at(added), () => current.addAssets());
    if (compilation.options.optimization.realContentHash) {
      const hashing = Compilation.PROCESS_ASSETS_STAGE_OPTIMIZE_HASH;
      processAssets.tap(at(hashing - 1), () => current.assets?.hide());
      processAssets.tap(at(hashing + 1), () => current.assets?.show());
    }
    hideFromSearch(compilation, () => current.assets);
    CleanPlugin.getCompilationHooks(compilation).keep.tap(NAME, (name) => current.keeps(name));
  });
  compiler.hooks.make.tapPromise(NAME, async () => build?.prepare());
  compiler.hooks.emit.tapPromise({ name: NAME, stage: AFTER_CLEANING }, async () => build?.copy());
  compiler.hooks.afterEmit.tap({ name: NAME, stage: BEFORE_ALL }, () => build?.putBackAssets());
  const end = async (keepWorkers: boolean) => build?.end({ keepWorkers });
  compiler.hooks.done.tapPromise(NAME, () => end(compiler.watchMode));
  compiler.hooks.failed.tap(NAME, () => void end(compiler.watchMode));
  compiler.hooks.watchClose.tap(NAME, () => void end(false));
  compiler.hooks.shutdown.tapPromise(NAME, async () => {
    await end(false);
    record?.release();
  });
}

function recordOf(
  instance: Omit<Instance, 'targets'>,
  { compiler, options, targets }: CompilerState,
): ClaimedRecord {
  // Also what is not in targets of the engine: templates and patterns.
  const patterns = targets.map(({ pattern }) => pattern?.from);
  // Which assets a configuration has is known when it is built: no other one can have the same.
  const { configuration } = instance;
  const named = [options.publicDirs, options.targets, patterns, ...(options.assets ? [configuration] : [])];
  return claimRecord(
    { ...instance, targets: named },
    cacheDirectoryOf(options, compiler.context),
    path.resolve(compiler.options.output.path!),
    options,
  );
}

/** Rspack calls itself a webpack, of the version whose plugins it means to run. */
function checkBundler({ hooks, webpack }: Compiler & { webpack: { rspackVersion?: string } }): void {
  // Vite, too, calls what a plugin has under the name "apply", with its config.
  if (!hooks) throw unsupported('webpack', 'another bundler', useEntryIn('Vite', 'vite'));
  if (webpack?.rspackVersion) throw unsupported('webpack', `Rspack ${webpack.rspackVersion}`, RSPACK);
  const version = webpack?.version ?? callingVersion('webpack') ?? '4';
  if (isOlder(version, '5.76')) throw unsupported('webpack', `webpack ${version}`, UPDATE);
}

const RSPACK = `${useEntry('rspack')}. Docusaurus builds with Rspack unless its config turns that off`;
