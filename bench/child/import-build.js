// A fresh process that builds a page which imports large files, or none: import-build.js HOST VARIANT ROOT OUT
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { familyCpuMs, familyPeakBytes } from './usage.js';

const [host, variant, root, out] = process.argv.slice(2);
// As in a project: Rollup's host keeps its records below the current directory.
process.chdir(root);
const ours = async () =>
  variant === 'ours'
    ? [(await import(`unplugin-reflink/${host}`)).default({ assets: true, report: false })]
    : [];
const entry = (query = '') => path.join(root, variant === 'none' ? 'main.js' : `imports${query}.js`);

/** As `@rollup/plugin-url` does it. */
const url = {
  name: 'url',
  load(id) {
    if (!id.endsWith('.bin')) return undefined;
    const reference = this.emitFile({ type: 'asset', name: path.basename(id), source: readFileSync(id) });
    return {
      code: `export default import.meta.ROLLUP_FILE_URL_${reference};`,
      ...('rolldownVersion' in this.meta && { moduleType: 'js' }),
    };
  },
};

async function bundle(bundler) {
  const made = await bundler({ input: entry(), plugins: [...(await ours()), url] });
  await made.write({ dir: out });
  await made.close();
}

const compilerConfig = async () => ({
  context: root,
  entry: entry(),
  mode: 'production',
  performance: false,
  output: { path: out },
  module: { rules: [{ test: /\.bin$/, type: 'asset/resource' }] },
  plugins: await ours(),
});

function run(compiler) {
  return new Promise((resolve, reject) => {
    compiler.run((error, stats) => {
      if (error) return reject(error);
      if (stats.hasErrors() || stats.hasWarnings()) return reject(new Error(stats.toString()));
      compiler.close((closing) => (closing ? reject(closing) : resolve()));
    });
  });
}

/** Importing the bundler does not count. */
const hosts = {
  async vite() {
    const { build } = await import('vite');
    return async () =>
      build({
        root,
        configFile: false,
        logLevel: 'warn',
        publicDir: false,
        plugins: await ours(),
        build: { outDir: out, emptyOutDir: true, rollupOptions: { input: entry('.vite') } },
      });
  },
  async rollup() {
    const { rollup } = await import('rollup');
    return () => bundle(rollup);
  },
  async rolldown() {
    const { rolldown } = await import('rolldown');
    return () => bundle(rolldown);
  },
  async webpack() {
    const { default: webpack } = await import('webpack');
    const cache = { type: 'filesystem', cacheDirectory: path.join(root, '.webpack') };
    return async () => run(webpack({ ...(await compilerConfig()), cache }));
  },
  async rspack() {
    const { rspack } = await import('@rspack/core');
    return async () => run(rspack(await compilerConfig()));
  },
  async esbuild() {
    const esbuild = await import('esbuild');
    return async () =>
      esbuild.build({
        absWorkingDir: root,
        entryPoints: [entry()],
        bundle: true,
        outdir: out,
        logLevel: 'silent',
        loader: { '.bin': 'file' },
        plugins: await ours(),
      });
  },
};

const build = await hosts[host]();
const cpuBefore = familyCpuMs();
const start = performance.now();
await build();
const ms = performance.now() - start;
process.stdout.write(JSON.stringify({ ms, cpuMs: familyCpuMs() - cpuBefore, peakBytes: familyPeakBytes() }));
