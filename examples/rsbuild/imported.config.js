import { defineConfig } from '@rsbuild/core';
import { imported } from 'example-common/assets.js';
import reflink from 'unplugin-reflink/rsbuild';

export default defineConfig({
  mode: 'production',
  source: { entry: { main: `${imported}/main.js` } },
  // The page names its script itself.
  output: { filename: { js: '[name].js' }, distPath: { js: '' }, legalComments: 'none' },
  tools: { htmlPlugin: false, rspack: { module: { rules: [{ test: /\.wasm$/, type: 'asset/resource' }] } } },
  plugins: [reflink({ assets: true, targets: [{ from: `${imported}/index.html` }] })],
});
