import { fileURLToPath } from 'node:url';
import reflink from 'unplugin-reflink/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('imported', import.meta.url)),
  plugins: [reflink({ assets: true })],
});
