import { defineConfig } from 'tsdown';
import { ascii } from '../ascii.js';

// Loading a file takes Node.js about as long as parsing 20 KB of it, so the hosts share only two files: one that is
// loaded with a bundler's config, and one that a build needs.
const CONFIG =
  /core\/dist\/options\.js$|src\/(options\/(name|options|other-bundlers|resolve-options)|assets\/options|hosts\/esbuild\/one-build|hosts\/vite\/(names|out-dirs|plugins|small))\.ts$/;
const BUILD =
  /src\/(assets\/(load|plugin-order|stand-in)|hosts\/vite\/(instances|output)|options\/unsupported|(output|targets)\/[\w-]+)\.ts$/;

const isOf = (pattern) => (id) => pattern.test(id);
const groups = [
  { name: 'config', test: isOf(CONFIG), priority: 2 },
  { name: 'build', test: isOf(BUILD), priority: 2 },
];

export default defineConfig({
  plugins: [ascii],
  entry: [
    'src/astro.ts',
    'src/bun.ts',
    'src/esbuild.ts',
    'src/farm.ts',
    'src/index.ts',
    'src/nuxt.ts',
    'src/rolldown.ts',
    'src/rollup.ts',
    'src/rsbuild.ts',
    'src/rspack.ts',
    'src/rspack-loader.ts',
    'src/sveltekit.ts',
    'src/vite.ts',
    'src/webpack.ts',
  ],
  format: 'esm',
  dts: true,
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
  // All that a config needs of the engine: to find and open the package's own file takes longer than to parse it twice.
  deps: { alwaysBundle: ['fs-reflink/options'] },
  outputOptions: { codeSplitting: { includeDependenciesRecursively: false, groups } },
});
