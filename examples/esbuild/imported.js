// Builds the page that imports large files: node imported.js [directory]
import { build } from 'esbuild';
import { imported } from 'example-common/assets.js';
import reflink from 'unplugin-reflink/esbuild';

const [outdir = 'dist'] = process.argv.slice(2);

await build({
  entryPoints: [`${imported}/main.js`],
  bundle: true,
  format: 'esm',
  outdir,
  logLevel: 'info',
  loader: { '.wasm': 'file' },
  // First, so that plugins that follow find the files complete.
  plugins: [reflink({ assets: true, targets: [{ from: `${imported}/index.html` }] })],
});
