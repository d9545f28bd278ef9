import { fileURLToPath } from 'node:url';
import { imported } from 'example-common/assets.js';
import reflink from 'unplugin-reflink/rspack';

export default {
  mode: 'production',
  context: fileURLToPath(new URL('.', import.meta.url)),
  entry: `${imported}/main.js`,
  performance: false,
  module: { rules: [{ test: /\.wasm$/, type: 'asset/resource' }] },
  plugins: [reflink({ assets: true, targets: [{ from: `${imported}/index.html` }] })],
};
