// Builds a project with one bundler: with this plugin, or with the bundler's own means to copy files.
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';

export const BUNDLE = 'bundle.js';

/** The options of this plugin. */
export const options = ({ targets }) => ({ publicDir: 'public', targets, report: false });

/**
 * The patterns of copy-webpack-plugin and of Rspack's plugin: the bundle takes precedence over public files, targets
 * over the bundle.
 */
const patterns = (root, targets) => [
  { from: join(root, 'public'), noErrorOnMissing: true },
  ...targets.map(({ from, to }, position) => ({
    from: join(root, from),
    to,
    force: true,
    priority: 10 + position,
  })),
];

const compile = (compiler) =>
  new Promise((resolve, reject) => {
    compiler.run((error, stats) => {
      compiler.close((closing) => {
        const [failure] = stats?.compilation.errors ?? [];
        if (error ?? closing ?? failure) reject(error ?? closing ?? failure);
        else resolve();
      });
    });
  });

export const configOf = (root, plugins) => ({
  context: root,
  mode: 'none',
  entry: join(root, 'main.js'),
  output: { path: join(root, 'dist'), filename: BUNDLE },
  optimization: { emitOnErrors: false },
  plugins,
});

/**
 * Copies files like a script before and after the bundler writes: public files, which the bundle replaces, and
 * targets.
 */
const byScript = (root, output, { targets }) => ({
  before: () => cpSync(join(root, 'public'), join(root, output), { recursive: true }),
  after() {
    for (const { from, to } of targets) cpSync(join(root, from), join(root, output, to), { recursive: true });
  },
});

async function rollup(bundler, name, root, project, copies) {
  const outputs = project.nested ? ['dist', 'dist/nested'] : ['dist'];
  const { default: reflink } = await import(`unplugin-reflink/${name}`);
  const before = process.cwd();
  process.chdir(root);
  try {
    const plugins = copies ? [reflink(options(project))] : [];
    const bundle = await bundler({ input: join(root, 'main.js'), plugins, onLog() {} });
    for (const dir of outputs) {
      const script = byScript(root, dir, project);
      if (!copies) script.before();
      await bundle.write({ dir, entryFileNames: BUNDLE });
      if (!copies) script.after();
    }
    await bundle.close();
  } finally {
    process.chdir(before);
  }
}

export const silent = {
  info() {},
  warn() {},
  warnOnce() {},
  error() {},
  clearScreen() {},
  hasErrorLogged: () => false,
};

/** Each function builds once to `dist`. If `copies` is true, this plugin copies the files. */
export const hosts = {
  async vite(root, project, copies) {
    const { build } = await import('vite');
    const { default: reflink } = await import('unplugin-reflink/vite');
    await build({
      configFile: false,
      root,
      customLogger: silent,
      logLevel: 'silent',
      plugins: copies ? [reflink(options(project))] : [],
      publicDir: 'public',
      build: { rollupOptions: { input: join(root, 'main.js'), output: { entryFileNames: BUNDLE } } },
    });
    if (!copies) byScript(root, 'dist', project).after();
  },

  async rollup(root, project, copies) {
    const { rollup: bundler } = await import('rollup');
    await rollup(bundler, 'rollup', root, project, copies);
  },

  async rolldown(root, project, copies) {
    const { rolldown: bundler } = await import('rolldown');
    await rollup(bundler, 'rolldown', root, project, copies);
  },

  async esbuild(root, project, copies) {
    const { build } = await import('esbuild');
    const { default: reflink } = await import('unplugin-reflink/esbuild');
    const script = byScript(root, 'dist', project);
    if (!copies) script.before();
    await build({
      absWorkingDir: root,
      entryPoints: [{ in: 'main.js', out: 'bundle' }],
      bundle: true,
      outdir: 'dist',
      logLevel: 'silent',
      plugins: copies ? [reflink(options(project))] : [],
    });
    if (!copies) script.after();
  },

  async webpack(root, project, copies) {
    const { default: webpack } = await import('webpack');
    const { default: CopyPlugin } = await import('copy-webpack-plugin');
    const { default: reflink } = await import('unplugin-reflink/webpack');
    const own = new CopyPlugin({ patterns: patterns(root, project.targets) });
    await compile(webpack(configOf(root, [copies ? reflink(options(project)) : own])));
  },

  async rspack(root, project, copies) {
    const { rspack } = await import('@rspack/core');
    const { default: reflink } = await import('unplugin-reflink/rspack');
    const own = new rspack.CopyRspackPlugin({ patterns: patterns(root, project.targets) });
    await compile(rspack(configOf(root, [copies ? reflink(options(project)) : own])));
  },

  async rsbuild(root, project, copies) {
    const { createRsbuild } = await import('@rsbuild/core');
    const { default: reflink } = await import('unplugin-reflink/rsbuild');
    const ignore = () => {};
    const quiet = Object.fromEntries(
      ['greet', 'log', 'success', 'ready', 'start', 'debug', 'override', 'info', 'warn', 'error'].map(
        (name) => [name, ignore],
      ),
    );
    const [, ...targets] = patterns(root, project.targets);
    const rsbuild = await createRsbuild({
      cwd: root,
      config: {
        mode: 'production',
        customLogger: { level: 'error', ...quiet },
        source: { entry: { bundle: join(root, 'main.js') } },
        output: {
          filename: { js: '[name].js' },
          distPath: { root: 'dist', js: '' },
          cleanDistPath: false,
          legalComments: 'none',
          // Otherwise a file that is copied over the bundle would be minified too.
          minify: false,
          ...(!copies && { copy: targets }),
        },
        performance: { printFileSize: false },
        tools: { htmlPlugin: false },
        plugins: copies ? [reflink(options(project))] : [],
      },
    });
    const { close } = await rsbuild.build();
    await close();
  },
};

if (import.meta.url === `file://${process.argv[1]}`) {
  const { host, root, project } = JSON.parse(process.argv[2]);
  // Load everything before the process is told to start.
  const loading = {
    vite: ['vite'],
    rollup: ['rollup'],
    rolldown: ['rolldown'],
    esbuild: ['esbuild'],
    webpack: ['webpack'],
    rspack: ['@rspack/core'],
    rsbuild: ['@rsbuild/core'],
  };
  for (const name of [...loading[host], `unplugin-reflink/${host}`]) await import(name);
  process.stdout.write('ready');
  await once(process.stdin, 'data');
  process.stdin.destroy();
  await hosts[host](root, project, true);
}
