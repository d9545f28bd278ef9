import { imported } from 'example-common/assets.js';
import reflink from 'unplugin-reflink/rolldown';

export default {
  input: `${imported}/main.js`,
  output: { dir: 'dist' },
  plugins: [reflink({ assets: true, targets: [{ from: `${imported}/index.html` }] })],
};
