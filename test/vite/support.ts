import fs, { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { CopyReport } from 'fs-reflink';
import reflink from 'unplugin-reflink/vite';
import type { InlineConfig, Logger, PluginOption } from 'vite';
import { expect, onTestFinished, vi } from 'vitest';
import { loadVersions } from '../hosts/versions.ts';
import { type TreeSpec, writeTree } from '../support/trees.ts';

export type Vite = typeof import('vite');
export type Options = NonNullable<Parameters<typeof reflink>[0]>;

export interface Host {
  name: string;
  /** The name by which it is imported. */
  id: string;
  /** The path of its command. */
  bin: string;
  vite: Vite;
  /** Whether a plugin of Vite prepares the output. Before 7.1 Vite did that between two hooks. */
  inPlugin: boolean;
  /** Whether the bundler is Rolldown. */
  rolldown: boolean;
}

const packages = [
  { name: 'Vite 8', id: 'vite', inPlugin: true, rolldown: true },
  { name: 'Vite 7', id: 'vite7', inPlugin: true, rolldown: false },
  { name: 'Vite 6', id: 'vite6', inPlugin: false, rolldown: false },
];
/** Vite 7.0 prepares the output as Vite 6 does. */
const vite70 = { name: 'Vite 7.0', id: 'vite70', inPlugin: false, rolldown: false };

const versions = await loadVersions(
  Object.fromEntries(packages.map((host) => [host.name, async () => loadHost(host)])),
);

async function loadHost(host: Omit<Host, 'bin' | 'vite'>): Promise<Host> {
  return {
    ...host,
    bin: join(import.meta.dirname, '../node_modules', host.id, 'bin/vite.js'),
    vite: (await import(host.id)) as Vite,
  };
}

/** The versions that {@link describeVites} takes, and Vite 7.0 in the lane `versions`. */
export const vites: Host[] = [
  ...versions.tested,
  ...(versions.tested.length > 1 ? [await loadHost(vite70)] : []),
];

/** Describes what has to hold with Vite 8, and in the lane `versions` with the last Vite 7 and 6 too. */
export function describeVites(body: (host: Host) => void): void {
  versions.describe(body);
}

/** A time that no file has that a test writes now. A file in an output that has it was copied with its time. */
export const LONG_AGO = new Date('2001-02-03T04:05:06.789Z');

const page: TreeSpec = {
  'package.json': '{ "type": "module" }',
  'index.html': '<!doctype html><script type="module" src="/main.js"></script>',
  'main.js': 'console.log("page");\n',
};

/** A directory for a project and what is beside it. It is deleted when the test ends. */
export function workspace(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-vite-')));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A project with a page, and with a public directory whose files are old. */
export function project(files: TreeSpec = {}): string {
  const root = join(workspace(), 'project');
  writeTree(root, { ...page, ...files });
  makeOld(join(root, 'public'));
  return root;
}

/** More files than the plugin copies without worker threads. */
export const manyFiles: TreeSpec = Object.fromEntries(
  Array.from({ length: 80 }, (_each, index) => [`public/many/${index % 4}/${index}.txt`, `file ${index}`]),
);

function makeOld(directory: string): void {
  for (const path of pathsIn(directory)) {
    const full = join(directory, path);
    if (fs.lstatSync(full).isFile()) fs.utimesSync(full, LONG_AGO, LONG_AGO);
  }
}

/** All paths below a directory. Does not follow links. */
export function pathsIn(directory: string): string[] {
  if (!fs.existsSync(directory)) return [];
  // With types, because without them Node.js 20 follows links to directories.
  const entries = fs.readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.map(({ parentPath, name }) => relative(directory, join(parentPath, name))).sort();
}

export interface Log extends Logger {
  infos: string[];
  warnings: string[];
  errors: string[];
}

const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
const plain = (message: string) => message.replace(escapes, '');

/** A `customLogger` for Vite that collects all messages. */
export function collectLog(): Log {
  const warned = new Set<string>();
  const log: Log = {
    infos: [],
    warnings: [],
    errors: [],
    hasWarned: false,
    info: (message) => void log.infos.push(plain(message)),
    // Rolldown warns of slow plugins, which depends on the machine.
    warn: (message) => void (message.includes('PLUGIN_TIMINGS') || log.warnings.push(plain(message))),
    warnOnce(message) {
      if (warned.has(message)) return;
      warned.add(message);
      log.warn(message);
    },
    error: (message) => void log.errors.push(plain(message)),
    clearScreen: () => {},
    hasErrorLogged: () => false,
  };
  return log;
}

export interface Setup {
  root: string;
  log: Log;
  /** The reports, by output directory relative to the root. */
  reports: Record<string, CopyReport>[];
  config: InlineConfig;
}

/** Creates the config of a build with the plugin, and collects the reports and messages of the build. */
export function setUp(
  root: string,
  config: InlineConfig = {},
  options: Options | false = {},
  { first = [], plugins: others = [] }: Pick<BuildSetup, 'first' | 'plugins'> = {},
): Setup {
  const log = collectLog();
  const reports: Record<string, CopyReport>[] = [];
  const report = (each: CopyReport, outDir: string) => void reports.push({ [relative(root, outDir)]: each });
  const ours = options && reflink({ report, ...options });
  const plugins = [...first, ours, ...others];
  // "silent" only stops Rolldown's own progress messages. The logger still gets all messages.
  const common: InlineConfig = { configFile: false, root, customLogger: log, logLevel: 'silent', plugins };
  return { root, log, reports, config: { ...common, ...config } };
}

export interface Built extends Setup {
  /** The only report of the build. */
  report: CopyReport;
  /** Files of the public directory that Vite copied itself. */
  copiedByVite: string[];
}

export interface BuildSetup {
  config?: InlineConfig;
  options?: Options | false;
  plugins?: PluginOption[];
  /** Plugins that come before ours. */
  first?: PluginOption[];
  /** The warnings of Vite and the plugin. Other warnings fail the test. */
  warnings?: (string | RegExp)[];
}

/** Builds once. A warning that is not expected fails the test. */
export async function build({ vite }: Host, root: string, setup: BuildSetup = {}): Promise<Built> {
  return observe(root, setup, ({ config }) => vite.build(config));
}

/** Builds all environments of the config. */
export async function buildApp({ vite }: Host, root: string, setup: BuildSetup = {}): Promise<Built> {
  return observe(root, setup, async ({ config }) => {
    const builder = await vite.createBuilder({ builder: {}, ...config });
    await builder.buildApp();
  });
}

export async function observe(
  root: string,
  { config, options, warnings = [], ...plugins }: BuildSetup,
  act: (setup: Setup) => Promise<unknown>,
): Promise<Built> {
  const setup = setUp(root, config, options, plugins);
  const copyFileSync = vi.spyOn(fs, 'copyFileSync');
  try {
    await act(setup);
    const copiedByVite = copyFileSync.mock.calls.map(([source]) => relative(root, String(source)));
    expectWarnings(setup.log, warnings);
    expect(setup.log.errors).toEqual([]);
    return { ...setup, copiedByVite, report: Object.values(setup.reports[0] ?? {})[0]! };
  } finally {
    copyFileSync.mockRestore();
  }
}

export function expectWarnings({ warnings }: Log, expected: (string | RegExp)[]): void {
  expect(warnings).toEqual(
    expected.map((each) =>
      typeof each === 'string' ? expect.stringContaining(each) : expect.stringMatching(each),
    ),
  );
}

/** Writes an earlier output. */
export function writeOld(root: string, spec: TreeSpec, outDir = 'dist'): void {
  mkdirSync(join(root, outDir), { recursive: true });
  writeTree(join(root, outDir), spec);
}

/** All paths below a directory, without those of the bundle. */
export function copied(directory: string): string[] {
  return pathsIn(directory).filter((path) => !/^(assets|index\.html)/.test(path));
}

export function bundled(directory: string): string[] {
  return pathsIn(directory).filter((path) => path.startsWith('assets/'));
}

export const mtimeOf = (path: string): Date => statSync(path).mtime;

/** Identifies a file and its last change, also of attributes. */
export function identityOf(path: string): string {
  const { ino, ctimeNs } = statSync(path, { bigint: true });
  return `${ino} ${ctimeNs}`;
}

/** Counts the worker threads of this process that start, and that end, until the test has finished. */
export function countWorkers(): { started: number; ended: number } {
  const counts = { started: 0, ended: 0 };
  const listener = (worker: Worker) => {
    counts.started++;
    worker.once('exit', () => counts.ended++);
  };
  process.on('worker', listener);
  onTestFinished(() => void process.off('worker', listener));
  return counts;
}
