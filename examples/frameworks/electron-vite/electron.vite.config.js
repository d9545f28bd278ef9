import { defineConfig } from 'electron-vite';
import reflink from 'unplugin-reflink/vite';

export default defineConfig({
  main: {
    plugins: [
      // The main process is Vite's environment "ssr".
      reflink({
        targets: [{ from: 'assets/greeting.json', to: 'data' }],
        vite: { environments: ['ssr'] },
        report: 'verbose',
      }),
    ],
  },
  renderer: {
    // Paths are relative to src/renderer.
    plugins: [reflink({ targets: [{ from: '../../assets/greeting.json', to: 'data' }], report: 'verbose' })],
  },
});
