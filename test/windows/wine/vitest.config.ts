import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const source = (path: string) => `${repository.replaceAll('\\', '/')}packages/${path}`;
const conditions = ['dev', 'module', 'node', 'import', 'default'];

/** Of the run under Wine. Windows itself takes the repository's own. */
export default defineConfig({
  root: repository,
  // Wine shows a package of this repository in node_modules as a directory, not as the link it is.
  resolve: {
    conditions,
    alias: [
      { find: /^fs-reflink$/, replacement: source('core/src/index.ts') },
      { find: /^unplugin-reflink\/(.+)$/, replacement: source('unplugin/src/$1.ts') },
    ],
  },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/windows/**/*.test.ts', 'packages/core/src/platform/win32/**/*.test.ts'],
    exclude: ['test/windows/under-wine.test.ts'],
    reporters: ['./test/windows/wine/record-reporter.ts'],
    // A process for each file: the hook DLL changes its whole process.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
