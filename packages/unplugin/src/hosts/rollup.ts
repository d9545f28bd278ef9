import path from 'node:path';
import type { Plugin as RolldownPlugin } from 'rolldown';
import type { NormalizedOutputOptions, PluginContext, Plugin as RollupPlugin } from 'rollup';
import { BuildCopies } from '../build.ts';
import { cacheDirectoryOf } from '../cache.ts';
import type { ResolvedOptions } from '../options.ts';
import { type OutputTargets, toTargets } from '../targets.ts';
import { watchedPaths } from '../watched.ts';

/** What is used of a hook's `this`; Rollup and Rolldown have it both. */
type Context = Pick<PluginContext, 'info' | 'warn' | 'addWatchFile' | 'meta'>;
type Output = Pick<NormalizedOutputOptions, 'dir' | 'file'>;

/** All that Rollup and Rolldown share: one plugin's builds, one after the other. */
class RollupBuild {
  readonly #options: ResolvedOptions;
  #context: Context | undefined;
  #root = process.cwd();
  #targets: OutputTargets;
  #copies: BuildCopies;
  /** Where outputs of earlier builds are: nothing there is watched. */
  readonly #directories = new Set<string>();

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#targets = toTargets(options, { root: this.#root });
    this.#copies = this.#newCopies();
  }

  /** Messages go through the hook that runs. */
  in(context: Context): this {
    this.#context = context;
    return this;
  }

  async start(root: string): Promise<void> {
    if (root !== this.#root) {
      this.#root = root;
      this.#targets = toTargets(this.#options, { root });
      this.#copies = this.#newCopies();
    }
    if (!this.#places) return;
    // Rolldown starts once for every output; there a build ends when it is closed.
    if (!('rolldownVersion' in this.#context!.meta) && this.#copies.finished)
      await this.end({ keepWorkers: true });
    // Where it goes to is said when it is written.
    this.#copies.prepare(this.#targets, undefined, cacheDirectoryOf(root));
    const { meta, addWatchFile } = this.#context!;
    if (!meta.watchMode) return;
    for (const each of watchedPaths(this.#targets, this.#directories)) addWatchFile.call(this.#context, each);
  }

  /** The bundle of an output is complete, and going to be written. */
  async begin(output: Output, names: string[]): Promise<void> {
    const directory = this.#directoryOf(output);
    if (!this.#places || directory === undefined) return;
    this.#directories.add(directory);
    this.#copies.begin({
      directory,
      ...this.#targets,
      cacheDirectory: cacheDirectoryOf(this.#root),
      empty: false,
      keep: [],
    });
    await this.#copies.giveWay(names, directory);
  }

  async finish(output: Output): Promise<void> {
    const directory = this.#directoryOf(output);
    if (this.#places && directory !== undefined) await this.#copies.finish(directory);
  }

  /** The build is over, or failed. Threads of a watcher stay for the next. */
  async end({ keepWorkers }: { keepWorkers: boolean } = { keepWorkers: this.#watching }): Promise<void> {
    await this.#copies.end({ keepWorkers });
  }

  get #watching(): boolean {
    return this.#context?.meta.watchMode ?? false;
  }

  get #places(): boolean {
    return this.#targets.publicTargets.length + this.#targets.targets.length > 0;
  }

  #directoryOf({ dir, file }: Output): string | undefined {
    if (dir !== undefined) return path.resolve(this.#root, dir);
    return file === undefined ? undefined : path.dirname(path.resolve(this.#root, file));
  }

  #newCopies(): BuildCopies {
    const log = {
      info: (message: string) => this.#context?.info(message),
      warn: (message: string) => this.#context?.warn(message),
      // What else failed has ended the build by now.
      error: (message: string) => this.#context?.warn(message),
    };
    return new BuildCopies(this.#options, log, this.#root);
  }
}

/**
 * The hooks both bundlers have. Only `generateBundle` tells whether the bundle is going to be written, and all that
 * can fail before has not: until then no file is touched, and the copy runs while the bundle is written.
 */
function hooks(options: ResolvedOptions) {
  const build = new RollupBuild(options);
  return {
    name: 'unplugin-reflink',
    async buildStart(this: Context, { cwd = process.cwd() }: { cwd?: string }) {
      await build.in(this).start(cwd);
    },
    async buildEnd(this: Context, error?: Error) {
      if (error) await build.in(this).end();
    },
    async renderError(this: Context) {
      await build.in(this).end();
    },
    generateBundle: {
      order: 'post',
      async handler(this: Context, output: Output, bundle: object, isWrite: boolean) {
        if (isWrite) await build.in(this).begin(output, Object.keys(bundle));
      },
    },
    // Alone and first: whoever looks into the output directory from here on finds it complete.
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

export const rollupPlugin = (options: ResolvedOptions): RollupPlugin => hooks(options) as RollupPlugin;
export const rolldownPlugin = (options: ResolvedOptions): RolldownPlugin => hooks(options) as RolldownPlugin;
