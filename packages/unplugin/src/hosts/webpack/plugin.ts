import path from 'node:path';
import type { Compilation, Compiler, WebpackPluginInstance } from 'webpack';
import { messageOf } from '../../build.ts';
import type { ResolvedOptions } from '../../options.ts';
import { statsOf } from '../../stats.ts';
import { callingVersion, isOlder, UPDATE, unsupported, useEntry } from '../../unsupported.ts';
import { watchedPaths } from '../../watched.ts';
import { CompilationAssets } from './assets.ts';
import { deleteFormer, WebpackCopies } from './copies.ts';
import type { Listing } from './listing.ts';
import { Listings } from './listings.ts';
import { takeOverCopy } from './patterns.ts';
import { engineTargets, type WebpackTarget, webpackTargets } from './targets.ts';

const NAME = 'unplugin-reflink';
/** After webpack has cleaned the output. */
const AFTER_CLEANING = 200;
/** Before anybody looks at what was written. */
const BEFORE_ALL = -10_000;

/** Copies static files into the output of webpack 5.76 and newer. */
export function webpackPlugin(options: ResolvedOptions): WebpackPluginInstance {
  return { apply: (compiler: Compiler) => applyTo(compiler, options) };
}

interface Building {
  listing: Listing;
  assets: CompilationAssets;
}

/**
 * Files are assets as all others, whose content is read only when somebody asks for it, so that everybody who lists
 * assets knows them. Just before webpack writes them they are copied, and taken away while it writes the others.
 */
function applyTo(compiler: Compiler, options: ResolvedOptions): void {
  checkBundler(compiler);
  const { Compilation, WebpackError } = compiler.webpack;
  const targets: WebpackTarget[] = [
    ...(options.takeOver ? takeOverCopy(compiler, options) : []),
    ...webpackTargets(options, compiler.context),
  ];
  if (targets.length === 0) {
    deleteFormer(compiler, options);
    return;
  }
  const copies = new WebpackCopies(compiler, options, targets);
  const listings = new Listings(targets, options, compiler);
  const buildings = new WeakMap<Compilation, Building>();
  const putBack = new WeakMap<Compilation, () => void>();

  compiler.hooks.make.tapPromise(NAME, (compilation) => copies.prepare(targets, compilation));

  compiler.hooks.thisCompilation.tap(NAME, (compilation) => {
    const directory = outputOf(compilation);
    if (compiler.watchMode) watch(compilation, targets, directory);
    const { processAssets } = compilation.hooks;
    const at = (stage: number) => ({ name: NAME, stage });
    // When what others add is there, and before anybody looks for assets to work on.
    processAssets.tapPromise(at(Compilation.PROCESS_ASSETS_STAGE_ADDITIONAL + 1), async () => {
      try {
        const listing = await listings.list(compilation, directory);
        const assets = new CompilationAssets(compilation, listing);
        const warn = (message: string) =>
          void compilation.warnings.push(new WebpackError(`${NAME}: ${message}`));
        listing.warnings.forEach(warn);
        assets.emit(directory, warn);
        buildings.set(compilation, { listing, assets });
      } catch (error) {
        compilation.errors.push(new WebpackError(`${NAME}: ${messageOf(error)}`));
      }
    });
    if (compilation.options.optimization.realContentHash) {
      const hashing = Compilation.PROCESS_ASSETS_STAGE_OPTIMIZE_HASH;
      processAssets.tap(at(hashing - 1), () => buildings.get(compilation)?.assets.hide());
      processAssets.tap(at(hashing + 1), () => buildings.get(compilation)?.assets.show());
    }
    // Links are no assets, and not to be cleaned away all the same.
    compiler.webpack.CleanPlugin.getCompilationHooks(compilation).keep.tap(NAME, (name) =>
      keeps(buildings.get(compilation)?.listing, name),
    );
  });

  // Nobody cleans a directory, or writes to it, while files are copied there.
  compiler.hooks.emit.tapPromise({ name: NAME, stage: BEFORE_ALL }, () => copies.finishEarly());
  compiler.hooks.emit.tapPromise({ name: NAME, stage: AFTER_CLEANING }, async (compilation) => {
    const building = buildings.get(compilation);
    if (building) putBack.set(compilation, await copies.place(compilation, outputOf(compilation), building));
  });
  compiler.hooks.afterEmit.tap({ name: NAME, stage: BEFORE_ALL }, (compilation) => {
    putBack.get(compilation)?.();
    putBack.delete(compilation);
  });

  compiler.hooks.done.tapPromise(NAME, () => copies.end({ keepWorkers: compiler.watchMode }));
  compiler.hooks.failed.tap(NAME, () => void copies.end({ keepWorkers: compiler.watchMode }));
  compiler.hooks.watchClose.tap(NAME, () => void copies.end({ keepWorkers: false }));
  compiler.hooks.shutdown.tapPromise(NAME, () => copies.close());
}

/** Rspack calls itself a webpack, of the version whose plugins it means to run. */
function checkBundler({ hooks, webpack }: Compiler & { webpack: { rspackVersion?: string } }): void {
  // Vite, too, calls what a plugin has under the name "apply", with its config.
  if (!hooks) throw unsupported('webpack', 'another bundler', `In Vite, ${useEntry('vite')}`);
  if (webpack?.rspackVersion) throw unsupported('webpack', `Rspack ${webpack.rspackVersion}`, RSPACK);
  const version = webpack?.version ?? callingVersion('webpack') ?? '4';
  if (isOlder(version, '5.76')) throw unsupported('webpack', `webpack ${version}`, UPDATE);
}

const RSPACK = `${useEntry('rspack')}. Docusaurus builds with Rspack unless its config turns that off`;

function outputOf(compilation: Compilation): string {
  return path.resolve(compilation.getPath(compilation.compiler.outputPath, {}));
}

/** A change of any file that is copied is a reason to build again, and so is a new one. */
function watch(compilation: Compilation, targets: WebpackTarget[], directory: string): void {
  for (const each of watchedPaths(engineTargets(targets), new Set([directory]))) {
    const status = statsOf(each);
    if (!status) compilation.missingDependencies.add(each);
    else if (status.isDirectory()) compilation.contextDependencies.add(each);
    else compilation.fileDependencies.add(each);
  }
}

/** Also what a link lies in. */
function keeps(listing: Listing | undefined, name: string): boolean {
  return (listing?.links ?? []).some((link) => link.name === name || link.name.startsWith(`${name}/`));
}
