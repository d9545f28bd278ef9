import { defineConfig } from 'tsdown';
import { ascii } from '../ascii.js';

const shared = {
  plugins: [ascii],
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
};

// Loading a file takes Node.js about as long as parsing 20 KB of it, so the library is only a few files. A part has
// its own file if most copies, or hosts before they copy, do not need it.
const EARLIER_RUNS =
  /src\/plan\/(delete|destination-index|earlier-runs|empty|dry-run-system|lock|manifest|manifest-file|named-records|prune|scratch|sources|unchanged-detector)\.ts$/;
const SELDOM = /src\/(try-abilities|transfer\/trial|execute\/transformed)\.ts$/;
const HOST =
  /src\/((errors|host|inside|prepare|target)\.ts$|platform\/(detail|errno|path-status|raw-names|spelling)\.ts$)/;
const COPY =
  /src\/(model\/|(copy|report|resolve-options)\.ts$|platform\/(archives|status)\.ts$|execute\/(addon-lock|batch-queue|worker-group|execute|finished|job|on-abort|outcomes|planned|pool|queue|schedule|shared-queue)\.ts$|plan\/record\.ts$|transfer\/temporary\.ts$)/;

const isOf = (pattern) => (id) => pattern.test(id);
const groups = [
  {
    name: 'options',
    test: isOf(/src\/(check-options|node-util|path-or-url|schema)\.ts$/),
    priority: 3,
  },
  { name: 'earlier-runs', test: isOf(EARLIER_RUNS), priority: 3 },
  { name: 'host', test: isOf(HOST), priority: 3 },
  { name: 'copy', test: isOf(COPY), priority: 2 },
  {
    name: 'engine',
    test: (id) =>
      id.includes('/src/') &&
      !SELDOM.test(id) &&
      !/src\/(check-options|node-util|path-or-url|schema|index|empty|list|cli)/.test(id),
    priority: 1,
  },
];

// `--help` needs no part of the engine, a copy needs all of it.
const COMMAND =
  /src\/((errors|inside|node-util|path-or-url|schema|platform\/(detail|errno|raw-names)|cli\/(failure|format|output))\.ts$)/;
const commandGroups = [
  { name: 'earlier-runs', test: isOf(EARLIER_RUNS), priority: 2 },
  { name: 'command', test: isOf(COMMAND), priority: 2 },
  {
    name: 'engine',
    test: (id) => id.includes('/src/') && !SELDOM.test(id) && !id.includes('/src/cli/'),
    priority: 1,
  },
];

const entry = {
  index: 'src/index.ts',
  host: 'src/host.ts',
  empty: 'src/empty.ts',
  list: 'src/list.ts',
  options: 'src/check-options.ts',
};

// These are separate builds, so that the library and the worker share no chunks: loading one file is faster than
// loading several, and building a small project takes no longer than loading a few files.
export default defineConfig([
  {
    ...shared,
    entry,
    dts: false,
    inputOptions: { preserveEntrySignatures: 'allow-extension' },
    outputOptions: { codeSplitting: { includeDependenciesRecursively: false, groups } },
  },
  // Declarations are split by entries, without the groups above: an entry whose code is part of a larger file would
  // have no declarations.
  { ...shared, entry, dts: { emitDtsOnly: true }, clean: false },
  // The file of worker threads. The library looks for it beside itself, or beside the file that a user bundles the
  // library into. CommonJS, because a thread boots a sixth faster without the loader of ES modules.
  {
    ...shared,
    format: 'cjs',
    entry: { 'fs-reflink-worker': 'src/execute/worker.ts' },
    dts: false,
    clean: false,
  },
  // The other files load these on their platform. CommonJS, because `copyFileSync` has to load them synchronously.
  ...['darwin', 'win32'].map((platform) => ({
    ...shared,
    format: 'cjs',
    entry: { [platform]: `src/platform/${platform}/${platform}.ts` },
    dts: false,
    clean: false,
  })),
  // The library's files contain nothing that only the command line needs. Each command is loaded when it is called.
  {
    ...shared,
    entry: { cli: 'src/cli/main.ts' },
    dts: false,
    clean: false,
    outputOptions: { codeSplitting: { includeDependenciesRecursively: false, groups: commandGroups } },
  },
]);
