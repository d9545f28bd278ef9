import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

const besideModules = 'packages/*/src/**/*.test.ts';
/** Replaces a module for all files that share its process. */
const replacing = 'packages/core/src/platform/linux/bindings.test.ts';

export default defineConfig({
  // Packages use each other's source, so a test never runs against a stale build.
  ssr: { resolve: { conditions: ['dev', 'module', 'node', 'import', 'default'] } },
  resolve: { conditions: ['dev', 'module', 'node', 'import', 'default'] },
  test: {
    reporters: ['default', './test/support/skipped-reporter.ts'],
    globalSetup: ['test/support/build.ts', 'test/frameworks/install.ts'],
    // A third of the time the tests wait: for disks, for children, for clocks to tick.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // Only what hangs reaches them, also on a machine that is busy with other things.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    projects: [
      // A process for each of these takes longer than what most of them test.
      {
        extends: true,
        test: {
          name: 'modules',
          include: [besideModules],
          exclude: [...configDefaults.exclude, replacing],
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: 'whole', include: [replacing, 'test/**/*.test.ts', 'bench/**/*.test.ts'] },
      },
    ],
  },
});
