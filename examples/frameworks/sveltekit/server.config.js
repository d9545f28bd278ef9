// A site with a server: vite build --config server.config.js
import adapter from '@sveltejs/adapter-node';
import { sveltekit } from '@sveltejs/kit/vite';
import withReflink from 'unplugin-reflink/sveltekit';
import reflink from 'unplugin-reflink/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  build: { sourcemap: true },
  plugins: [
    sveltekit({ adapter: withReflink(adapter({ out: 'build-server' }), { report: 'verbose' }) }),
    reflink({ targets: [{ from: 'assets/greeting.json', to: 'data' }], report: 'verbose' }),
  ],
});
