// A site with a server: astro build --config server.config.mjs
import node from '@astrojs/node';
import { defineConfig } from 'astro/config';
import reflink from 'unplugin-reflink/astro';

export default defineConfig({
  output: 'server',
  outDir: './dist-server',
  adapter: node({ mode: 'standalone' }),
  integrations: [reflink({ targets: [{ from: 'assets/greeting.json', to: 'data' }], report: 'verbose' })],
});
