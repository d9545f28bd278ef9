import reflink from 'unplugin-reflink/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [reflink({ targets: [{ from: 'assets/greeting.json', to: 'data' }], report: 'verbose' })],
});
