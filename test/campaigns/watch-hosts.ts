import { join } from 'node:path';
import type { Options } from 'unplugin-reflink';
import { BUNDLE, configOf, type HostProject, options as optionsOf, silent } from './host-child.js';

/** A bundler that watches a project with this plugin. */
export interface Watching {
  close(): Promise<void>;
  /** The path that the bundler watches for a file. Undefined: files may change at once, without waiting. */
  watched?: (path: string) => string;
}

/** Starts to watch. `onEnd` is called after each build, and after files are copied between builds. */
type Watch = (root: string, project: HostProject, onEnd: (error?: unknown) => void) => Promise<Watching>;

const input = (root: string) => join(root, 'main.js');
/** In milliseconds. Truncating and writing a file are two changes, which must cause only one rebuild. */
const buildDelay = 50;

interface RollupEvents {
  on(event: 'event', listener: (event: { code: string; error?: unknown; result?: unknown }) => void): unknown;
  close(): Promise<void> | void;
}

/** Rollup treats files that are not watched yet as known; Rolldown and Vite 8 watch the directories of files. */
function listen(
  watcher: RollupEvents,
  watched: (path: string) => string,
  onEnd: (error?: unknown) => void,
): Watching {
  let failed: unknown;
  watcher.on('event', (event) => {
    if (event.code === 'START') failed = undefined;
    if (event.code === 'ERROR') failed = event.error;
    if (event.code === 'END') onEnd(failed);
    void (event.result as { close?(): Promise<void> } | undefined)?.close?.();
  });
  return { watched, close: async () => watcher.close() };
}

const itself = (path: string) => path;
const parent = (path: string) => join(path, '..');

/** The common interface of webpack and Rspack. */
interface Compiler {
  watch(
    options: { aggregateTimeout: number },
    handler: (error: Error | null, stats?: { compilation: { errors: unknown[] } }) => void,
  ): unknown;
  close(callback: () => void): void;
}

function compile(compiler: Compiler, onEnd: (error?: unknown) => void): Watching {
  compiler.watch({ aggregateTimeout: buildDelay }, (error, stats) =>
    onEnd(error ?? stats?.compilation.errors[0]),
  );
  // webpack and Rspack start to watch after they have reported a build, and miss files that are deleted before.
  return { watched: parent, close: () => new Promise((resolve) => compiler.close(() => resolve())) };
}

/** Watches with Rollup or Rolldown. */
function roll(name: 'rollup' | 'rolldown', watched: (path: string) => string): Watch {
  return async (root, project, onEnd) => {
    const { watch } = await import(name);
    const { default: reflink } = await import(`unplugin-reflink/${name}`);
    const watcher: RollupEvents = watch({
      input: input(root),
      plugins: [reflink(optionsOf(project))],
      output: { dir: 'dist', entryFileNames: BUNDLE },
      onLog() {},
      watch: { buildDelay },
    });
    return listen(watcher, watched, onEnd);
  };
}

export const watches: Record<string, Watch> = {
  async vite(root, project, onEnd) {
    const { build } = await import('vite');
    const { default: reflink } = await import('unplugin-reflink/vite');
    const watcher = await build({
      configFile: false,
      root,
      customLogger: silent,
      logLevel: 'silent',
      plugins: [reflink(optionsOf(project))],
      publicDir: 'public',
      build: {
        rollupOptions: { input: input(root), output: { entryFileNames: BUNDLE } },
        watch: { buildDelay },
      },
    });
    return listen(watcher as RollupEvents, parent, onEnd);
  },

  rollup: roll('rollup', itself),
  rolldown: roll('rolldown', parent),

  async esbuild(root, project, onEnd) {
    const { context } = await import('esbuild');
    const { default: reflink } = await import('unplugin-reflink/esbuild');
    // The report is also called after files are copied between builds.
    const report: Options['report'] = () => onEnd();
    const watching = await context({
      absWorkingDir: root,
      entryPoints: [{ in: 'main.js', out: 'bundle' }],
      bundle: true,
      outdir: 'dist',
      logLevel: 'silent',
      plugins: [
        reflink({ ...optionsOf(project), report }),
        { name: 'ends', setup: ({ onEnd: on }) => on(({ errors: [error] }) => onEnd(error)) },
      ],
    });
    await watching.watch();
    return { close: () => watching.dispose() };
  },

  async webpack(root, project, onEnd) {
    const { default: webpack } = await import('webpack');
    const { default: reflink } = await import('unplugin-reflink/webpack');
    return compile(webpack(configOf(root, [reflink(optionsOf(project))])) as unknown as Compiler, onEnd);
  },

  async rspack(root, project, onEnd) {
    const { rspack } = await import('@rspack/core');
    const { default: reflink } = await import('unplugin-reflink/rspack');
    return compile(rspack(configOf(root, [reflink(optionsOf(project))])) as unknown as Compiler, onEnd);
  },
};
