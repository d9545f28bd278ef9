import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Packages use each other's source, so a test never runs against a stale build.
  ssr: { resolve: { conditions: ['dev', 'module', 'node', 'import', 'default'] } },
  resolve: { conditions: ['dev', 'module', 'node', 'import', 'default'] },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    globalSetup: ['test/support/build.ts', 'test/frameworks/install.ts'],
    reporters: ['default', './test/support/skipped-reporter.ts'],
    // Vitest leaves one core alone; the tests wait for disks more than for processors.
    maxWorkers: '100%',
    // Only what hangs reaches them, also on a machine that is busy with other things.
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
