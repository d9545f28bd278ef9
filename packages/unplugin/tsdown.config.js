import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: [
    'src/esbuild.ts',
    'src/index.ts',
    'src/rolldown.ts',
    'src/rollup.ts',
    'src/vite.ts',
    'src/webpack.ts',
  ],
  format: 'esm',
  dts: true,
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
});
