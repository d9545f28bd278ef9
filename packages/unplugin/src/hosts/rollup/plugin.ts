import type { Plugin as RolldownPlugin } from 'rolldown';
import type { Plugin as RollupPlugin } from 'rollup';
import type { Bundle } from '../../assets/bundled-assets.ts';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { type Context, type Output, RollupBuild, sharedBy } from './build.ts';
import { ASSETS, pluginPerBuild } from './per-build.ts';

/**
 * The hooks of both bundlers. Only `generateBundle` tells whether the bundle is going to be written, and by then
 * nothing has failed. So no file is changed before that hook, and the copy runs while the bundle is written.
 */
function hooks(build: RollupBuild) {
  return {
    name: NAME,
    async buildStart(this: Context, { cwd = process.cwd(), input }: { cwd?: string; input: unknown }) {
      await build.in(this).start(cwd, input);
    },
    // Without the option `assets`, no hook is called for each module.
    ...(build.copiesAssets && {
      [ASSETS]: () => build.assets,
      load: {
        order: 'pre',
        async handler(this: Context, id: string) {
          return build.in(this).loadAsset(id);
        },
      },
    }),
    async buildEnd(this: Context, error?: Error) {
      if (error) await build.in(this).end();
    },
    async renderError(this: Context) {
      await build.in(this).end();
    },
    generateBundle: {
      order: 'post',
      async handler(this: Context, output: Output, bundle: object, isWrite: boolean) {
        await build.in(this).complete(output, bundle as Bundle, isWrite);
      },
    },
    // Runs first and sequentially, so that the hooks of all other plugins find the output directory complete.
    writeBundle: {
      order: 'pre',
      sequential: true,
      async handler(this: Context, output: Output) {
        await build.in(this).finish(output);
      },
    },
    async watchChange(this: Context) {
      await build.in(this).end({ keepWorkers: true });
    },
    async closeBundle(this: Context) {
      await build.in(this).end();
    },
    async closeWatcher(this: Context) {
      await build.in(this).end({ keepWorkers: false });
    },
  } as const;
}

export function rollupPlugin(options: ResolvedOptions): RollupPlugin {
  const shared = sharedBy('rollup', options);
  return pluginPerBuild((facts) => hooks(new RollupBuild(shared, facts)) as RollupPlugin);
}

export function rolldownPlugin(options: ResolvedOptions): RolldownPlugin {
  const shared = sharedBy('rolldown', options);
  return pluginPerBuild((facts) => {
    const build = new RollupBuild(shared, facts);
    return {
      ...(hooks(build) as RolldownPlugin),
      // Runs last, so that other plugins see the options as the user gave them.
      outputOptions: { order: 'post', handler: (output) => build.takeOverCleaning(output) },
      renderStart: {
        order: 'pre',
        handler(output) {
          build.in(this as Context).snapshotBeforeEmptying(output as Output);
        },
      },
    } satisfies RolldownPlugin;
  });
}
