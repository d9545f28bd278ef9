import path from 'node:path';
import type { Plugin as RolldownPlugin } from 'rolldown';
import type { NormalizedOutputOptions, PluginContext, Plugin as RollupPlugin } from 'rollup';
import { BuildCopies } from '../build.ts';
import { cacheDirectoryOf } from '../cache.ts';
import type { ResolvedOptions } from '../options.ts';
import { toTargets } from '../targets.ts';

type Context = Pick<PluginContext, 'info' | 'warn' | 'addWatchFile' | 'meta'>;

/** Where an output is written; undefined: nowhere. */
function directoryOf(root: string, { dir, file }: Pick<NormalizedOutputOptions, 'dir' | 'file'>) {
  if (dir !== undefined) return path.resolve(root, dir);
  return file === undefined ? undefined : path.dirname(path.resolve(root, file));
}

/**
 * The one implementation for Rollup and Rolldown, as an object of hooks both have. Only `generateBundle` tells
 * whether the bundle is going to be written; until then no file is touched.
 */
function hooks(options: ResolvedOptions) {
  const root = process.cwd();
  let context: Context;
  const log = {
    info: (message: string) => context.info(message),
    warn: (message: string) => context.warn(message),
    error: (message: string) => context.warn(message),
  };
  const copies = new BuildCopies(options, log, root);
  const targets = toTargets(options, { root });
  const places = targets.publicTargets.length + targets.targets.length > 0;
  let watching = false;

  return {
    name: 'unplugin-reflink',
    buildStart(this: Context) {
      context = this;
      watching = this.meta.watchMode;
      if (places) copies.prepare(targets, root);
    },
    async buildEnd(this: Context, error?: Error) {
      context = this;
      if (error) await copies.end({ keepWorkers: watching });
    },
    async renderError(this: Context) {
      context = this;
      await copies.end({ keepWorkers: watching });
    },
    generateBundle: {
      order: 'post' as const,
      async handler(
        this: Context,
        output: Pick<NormalizedOutputOptions, 'dir' | 'file'>,
        bundle: object,
        isWrite: boolean,
      ) {
        context = this;
        const directory = directoryOf(root, output);
        if (!isWrite || !places || directory === undefined) return;
        copies.begin({
          directory,
          ...targets,
          cacheDirectory: cacheDirectoryOf(root),
          empty: false,
          keep: [],
        });
        await copies.giveWay(Object.keys(bundle), directory);
      },
    },
    // Alone and first: whoever looks into the output directory from here on finds it complete.
    writeBundle: {
      order: 'pre' as const,
      sequential: true,
      async handler(this: Context, output: Pick<NormalizedOutputOptions, 'dir' | 'file'>) {
        context = this;
        const directory = directoryOf(root, output);
        if (places && directory !== undefined) await copies.finish(directory);
      },
    },
    async watchChange(this: Context) {
      context = this;
      await copies.end({ keepWorkers: true });
    },
    async closeBundle(this: Context) {
      context = this;
      await copies.end({ keepWorkers: watching });
    },
    async closeWatcher(this: Context) {
      context = this;
      await copies.end({ keepWorkers: false });
    },
  };
}

export const rollupPlugin = (options: ResolvedOptions): RollupPlugin => hooks(options);
export const rolldownPlugin = (options: ResolvedOptions): RolldownPlugin => hooks(options) as RolldownPlugin;
