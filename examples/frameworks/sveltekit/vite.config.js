import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import withReflink from 'unplugin-reflink/sveltekit';
import reflink from 'unplugin-reflink/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [
    sveltekit({ adapter: withReflink(adapter(), { report: 'verbose' }) }),
    reflink({ targets: [{ from: 'assets/greeting.json', to: 'data' }], report: 'verbose' }),
  ],
});
