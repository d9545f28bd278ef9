import reflink from 'unplugin-reflink/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [
    reflink({
      targets: [
        { from: 'node_modules/cesium/LICENSE.md', to: 'licenses', rename: 'cesium.txt' },
        { from: 'node_modules/tinymce/license.md', to: 'licenses', rename: 'tinymce.txt' },
      ],
    }),
  ],
});
