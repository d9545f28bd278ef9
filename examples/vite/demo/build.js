// A fresh process that builds the page once: build.js none|vite|plugin ROOT OUT
import { build } from 'vite';

const [how, root, outDir] = process.argv.slice(2);
const started = performance.now();
const plugins = how === 'plugin' ? [(await import('unplugin-reflink/vite')).default({ report: false })] : [];
await build({
  root,
  configFile: false,
  cacheDir: `${outDir}-cache`,
  logLevel: 'error',
  plugins,
  build: { outDir, copyPublicDir: how !== 'none' },
});
process.stdout.write(String(performance.now() - started));
