import { defineConfig } from 'tsdown';

const shared = {
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
};

// Two builds, so that each is one file: loading one is faster than loading the chunks they would share, and a
// small build is over in the time of a few of them.
export default defineConfig([
  { ...shared, entry: { index: 'src/index.ts' }, dts: true },
  // Started as a thread by index.js, which looks for it beside itself.
  { ...shared, entry: { worker: 'src/execute/worker.ts' }, dts: false, clean: false },
]);
