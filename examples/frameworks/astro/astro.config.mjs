import { defineConfig } from 'astro/config';
import reflink from 'unplugin-reflink/astro';

export default defineConfig({
  integrations: [reflink({ targets: [{ from: 'assets/greeting.json', to: 'data' }], report: 'verbose' })],
});
