import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Packages use each other's source, so a test never runs against a stale build.
  ssr: { resolve: { conditions: ['dev', 'module', 'node', 'import', 'default'] } },
  resolve: { conditions: ['dev', 'module', 'node', 'import', 'default'] },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    globalSetup: ['test/support/build.ts', 'test/frameworks/install.ts'],
    reporters: ['default', './test/support/skipped-reporter.ts'],
    // A third of the time the tests wait: for disks, for children, for clocks to tick.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // Only what hangs reaches them, also on a machine that is busy with other things.
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
