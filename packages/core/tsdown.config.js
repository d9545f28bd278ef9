import { defineConfig } from 'tsdown';

const shared = {
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
};

// Separate builds, so that library and worker share no chunks: loading one file is faster than loading several,
// and a small build is over in the time of a few of them.
export default defineConfig([
  { ...shared, entry: { index: 'src/index.ts', host: 'src/host.ts' }, dts: true },
  // Started as a thread by index.js, which looks for it beside itself. A thread boots a sixth faster without the
  // loader of ES modules.
  { ...shared, format: 'cjs', entry: { worker: 'src/execute/worker.ts' }, dts: false, clean: false },
  // What the command line needs is in none of the library's files. Each command is loaded when it is called.
  { ...shared, entry: { cli: 'src/cli/main.ts' }, dts: false, clean: false },
]);
