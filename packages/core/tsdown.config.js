import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: { index: 'src/index.ts', worker: 'src/execute/worker.ts' },
  format: 'esm',
  dts: true,
  platform: 'node',
  target: 'node20.19',
  // The worker is found beside the module that starts it, so nothing may be nested deeper.
  outputOptions: { chunkFileNames: '[name]-[hash].js' },
  fixedExtension: false,
});
