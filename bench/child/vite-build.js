// A fresh process that builds one page: vite-build.js plain|plugin ROOT OUT
import { build } from 'vite';

const [kind, root, outDir] = process.argv.slice(2);
const start = performance.now();
const plugins = kind === 'plugin' ? [(await import('unplugin-reflink/vite')).default()] : [];
await build({ root, configFile: false, logLevel: 'warn', plugins, build: { outDir, emptyOutDir: true } });
process.stdout.write(JSON.stringify({ ms: performance.now() - start }));
