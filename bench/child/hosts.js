import fs from 'node:fs';
import path from 'node:path';

const failure = (message) => {
  throw new Error(message);
};
const ours = async (host, options) =>
  (await import(`unplugin-reflink/${host}`)).default({ report: false, ...options });

/** With the plugins of each variant; importing those counts, importing the bundler does not. */
export const hosts = {
  vite: {
    async load() {
      const { build } = await import('vite');
      return async ({ variant, root, out, publicDir }) => {
        const targets = [{ src: '**', dest: '.' }];
        const plugins = {
          none: () => [],
          builtin: () => [],
          // Without options, the plugin leaves a small public directory to Vite.
          ours: async () => (await import('unplugin-reflink/vite')).default(),
          'ours, with an option': () => ours('vite'),
          'vite-plugin-static-copy': async () =>
            (await import('vite-plugin-static-copy')).viteStaticCopy({
              targets: targets.map(({ dest }) => ({ src: `${publicDir}/*`, dest })),
              silent: true,
            }),
          'rollup-plugin-copy': () => rollupCopy(publicDir, out),
        };
        await build({
          root,
          configFile: false,
          logLevel: 'warn',
          plugins: [await plugins[variant]()],
          build: {
            outDir: out,
            emptyOutDir: true,
            chunkSizeWarningLimit: 10_000,
            copyPublicDir: variant === 'builtin' || variant.startsWith('ours'),
          },
        });
      };
    },
  },
  webpack: {
    async load() {
      const { default: webpack } = await import('webpack');
      return async ({ variant, root, out, publicDir }) => {
        const plugins = {
          none: () => [],
          'output.copy': () => [],
          ours: async () => [await ours('webpack', { targets: [{ from: publicDir, minimize: false }] })],
          'copy-webpack-plugin': async () => [
            new (await import('copy-webpack-plugin')).default({
              patterns: [{ from: publicDir, info: { minimized: true } }],
            }),
          ],
        };
        const config = {
          context: root,
          entry: './main.js',
          mode: 'production',
          cache: { type: 'filesystem', cacheDirectory: path.join(root, '.webpack') },
          performance: false,
          output: {
            path: out,
            ...(variant === 'output.copy' && { copy: [{ from: publicDir, info: { minimized: true } }] }),
          },
          plugins: await plugins[variant](),
        };
        await new Promise((resolve, reject) => {
          const compiler = webpack(config, (error, stats) => {
            if (error) return reject(error);
            if (stats.hasErrors() || stats.hasWarnings()) return reject(new Error(stats.toString()));
            compiler.close((closing) => (closing ? reject(closing) : resolve()));
          });
        });
      };
    },
  },
  rspack: {
    async load() {
      const { rspack } = await import('@rspack/core');
      return async ({ variant, root, out, publicDir }) => {
        const plugins = {
          none: () => [],
          ours: async () => [await ours('rspack', { publicDir })],
          CopyRspackPlugin: () => [
            new rspack.CopyRspackPlugin({ patterns: [{ from: publicDir, info: { minimized: true } }] }),
          ],
        };
        const compiler = rspack({
          context: root,
          entry: './main.js',
          mode: 'production',
          performance: false,
          output: { path: out },
          plugins: await plugins[variant](),
        });
        await new Promise((resolve, reject) => {
          compiler.run((error, stats) => {
            if (error) return reject(error);
            if (stats.hasErrors() || stats.hasWarnings()) return reject(new Error(stats.toString()));
            compiler.close((closing) => (closing ? reject(closing) : resolve()));
          });
        });
      };
    },
  },
  esbuild: {
    async load() {
      const esbuild = await import('esbuild');
      return async ({ variant, root, out, publicDir }) => {
        const { warnings } = await esbuild.build(await esbuildOptions({ variant, root, out, publicDir }));
        if (warnings.length > 0) failure(warnings[0].text);
      };
    },
  },
  rollup: {
    async load() {
      const { rollup } = await import('rollup');
      return (options) => bundle(rollup, 'rollup', options);
    },
  },
  rolldown: {
    async load() {
      const { rolldown } = await import('rolldown');
      return (options) => bundle(rolldown, 'rolldown', options);
    },
  },
};

export async function esbuildOptions({ variant, root, out, publicDir }) {
  const plugins = {
    none: () => [],
    ours: async () => [await ours('esbuild', { publicDir })],
    'esbuild-plugin-copy': async () => [
      (await import('esbuild-plugin-copy')).copy({ assets: { from: `${publicDir}/**/*`, to: '.' } }),
    ],
  };
  return {
    absWorkingDir: root,
    entryPoints: ['main.js'],
    bundle: true,
    outdir: out,
    logLevel: 'silent',
    plugins: await plugins[variant](),
  };
}

async function bundle(bundler, host, { variant, root, out, publicDir }) {
  const plugins = {
    none: () => [],
    ours: async () => [await ours(host, { publicDir })],
    'rollup-plugin-copy': () => [rollupCopy(publicDir, out)],
  };
  process.chdir(root);
  const build = await bundler({
    input: `${root}/main.js`,
    plugins: await plugins[variant](),
    logLevel: 'warn',
    onLog: (_level, { message }) => failure(message),
  });
  await build.write({ dir: out });
  await build.close();
}

async function rollupCopy(publicDir, out) {
  const { default: copy } = await import('rollup-plugin-copy');
  return copy({ targets: [{ src: `${publicDir}/*`, dest: out }], hook: 'writeBundle' });
}

/** Bytes below a directory, 0 when it is not there. */
export function bytesBelow(directory) {
  if (!fs.existsSync(directory)) return 0;
  return fs
    .readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + fs.statSync(path.join(parentPath, name)).size, 0);
}
