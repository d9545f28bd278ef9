import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { isNamed, type OptionalLane } from './test/support/optional-lanes.ts';

/** The folders whose tests all belong to one lane. */
const foldersOf: Partial<Record<OptionalLane, string[]>> = {
  fuse: ['fuse'],
  campaigns: ['campaigns'],
  browser: ['browser'],
  frameworks: ['frameworks', 'vite-ecosystem'],
  windows: ['windows'],
  headers: ['headers'],
  runtimes: ['runtimes', 'bun'],
  arm64: ['arm64'],
};

const filesIn = (folders: string[]) => folders.map((folder) => `test/${folder}/**/*.test.ts`);
const runs = (lane: string) =>
  isNamed(lane as OptionalLane) || (lane === 'windows' && process.platform === 'win32');
const running = Object.entries(foldersOf).filter(([lane]) => runs(lane));

/** These count the descriptors and the threads of their process, so no bundler runs in it. */
const engine = filesIn(['core', 'cli', 'filesystems', 'support']);

/**
 * Each of these files has a process of its own: it replaces modules for its whole process, or its lane runs. If its
 * lane does not run, its tests are only listed.
 */
const alone = [
  'packages/core/src/platform/linux/bindings.test.ts',
  ...filesIn(['macos', ...running.flatMap(([, folders]) => folders)]),
];

/**
 * All other files share processes, because to start a process and to load the same modules again takes longer than the
 * tests of most files. So modules of `test/` register no hooks when they are loaded: only the first file would have them.
 */
const shared = (name: string, include: string[], exclude: string[] = []) => ({
  extends: true as const,
  test: { name, include, exclude: [...configDefaults.exclude, ...alone, ...exclude], isolate: false },
});

export default defineConfig({
  // Packages use each other's source, so a test never runs against a stale build.
  ssr: { resolve: { conditions: ['dev', 'module', 'node', 'import', 'default'] } },
  resolve: { conditions: ['dev', 'module', 'node', 'import', 'default'] },
  test: {
    reporters: ['default', './test/support/skipped-reporter.ts'],
    globalSetup: [
      'test/support/build.ts',
      'test/support/run-directory.ts',
      'test/frameworks/install.ts',
      'test/browser/chromium.ts',
    ],
    // A third of the time the tests wait: for disks, for children, for clocks to tick.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // Only what hangs reaches them, also on a machine that is busy with other things.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      shared('bundlers', ['test/**/*.test.ts', 'bench/**/*.test.ts'], engine),
      shared('engine', engine),
      shared('modules', ['packages/*/src/**/*.test.ts']),
    ],
  },
});
