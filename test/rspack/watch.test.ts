import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Configuration, rspack, type Watching } from '@rspack/core';
import type { CopyReport } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/rspack';
import { afterEach, expect, test } from 'vitest';
import { BUNDLE } from '../hosts/cases.ts';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { replaceAtOnce } from '../support/watches.js';
import { type Built, close, configOf, outcomeOf } from './hosts.ts';

const opened: Watching[] = [];

afterEach(async () => {
  for (const { compiler } of opened.splice(0)) await close(compiler);
});

async function watch(root: string, options: Options, config: Configuration = {}) {
  const reports: CopyReport[] = [];
  const plugin = reflink({ report: (report) => void reports.push(report), ...options });
  await pastTick();
  const compiler = rspack(configOf(root, { ...config, plugins: [plugin, ...(config.plugins ?? [])] }));
  const builds: Built[] = [];
  const ended = async (count: number) => {
    while (builds.length <= count) await wait(5);
  };
  opened.push(
    compiler.watch({ aggregateTimeout: 50 }, (error, stats) => {
      builds.push(error ? { errors: [error.message], warnings: [], log: [] } : outcomeOf(stats!));
    }),
  );
  await ended(0);
  return {
    reports,
    builds,
    /** Makes a change and waits for the build that the change causes. */
    async after(act: () => void): Promise<Built> {
      // A file whose times are too recent would be copied again.
      await pastTick();
      const count = builds.length;
      act();
      await ended(count);
      return builds.at(-1)!;
    },
  };
}

const options: Options = { publicDir: 'static', targets: [{ from: 'assets/**/*.txt', to: 'texts' }] };
const fine: Built = { errors: [], warnings: [], log: [] };

test.each([
  {},
  { output: { clean: true } },
  // Rspack builds incrementally in this mode, as for a development server.
  { mode: 'development', output: { clean: true } },
] as const)('files change, come and go: %j', async (config) => {
  const root = makeProject();
  const { after, reports, builds } = await watch(root, options, config);
  expect(builds).toEqual([fine]);
  const untouched = ['plain.txt', 'run.sh', 'one/two/three/deepest.bin', 'texts/a.txt'];
  const identities = () => untouched.map((name) => identityOf(join(root, 'dist', name)));
  const before = identities();
  const read = (name: string) => readFileSync(join(root, 'dist', name), 'utf8');

  await after(() => replaceAtOnce(join(root, 'static/LICENSE'), 'changed'));
  expect(read('LICENSE')).toBe('changed');
  expect(reports.at(-1)!.files).toBe(1);

  await after(() => replaceAtOnce(join(root, 'static/one/added.txt'), 'added'));
  expect(read('one/added.txt')).toBe('added');
  await after(() => replaceAtOnce(join(root, 'assets/sub/new.txt'), 'new'));
  expect(read('texts/sub/new.txt')).toBe('new');

  await after(() => rmSync(join(root, 'static/one/added.txt')));
  expect(existsSync(join(root, 'dist/one/added.txt'))).toBe(false);
  // The file is also deleted below the link to its directory.
  expect(reports.at(-1)).toMatchObject({ files: 0, pruned: 2 });

  await after(() => replaceAtOnce(join(root, 'main.js'), 'console.log("bundled again")'));
  expect(read(BUNDLE)).toContain('bundled again');
  expect(reports.at(-1)).toMatchObject({ files: 0 });
  expect(identities()).toEqual(before);
  expect(builds.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
});

test.each(['none', 'development'] as const)(
  'stale files of Rspack are deleted with clean: true, mode %s',
  async (mode) => {
    const root = makeProject({ 'lazy.js': 'console.log("lazy")' });
    writeFileSync(join(root, 'main.js'), 'import("./lazy.js");');
    const output = { clean: true, chunkFilename: 'lazy.chunk.js' };
    const { after } = await watch(root, options, { output, mode });
    expect(existsSync(join(root, 'dist/lazy.chunk.js'))).toBe(true);
    expect(await after(() => replaceAtOnce(join(root, 'main.js'), 'console.log(1);'))).toEqual(fine);
    expect(existsSync(join(root, 'dist/lazy.chunk.js'))).toBe(false);
    expect(existsSync(join(root, 'dist/plain.txt'))).toBe(true);
  },
);

test.each([
  ['public', { publicDir: 'static' }, 'static'],
  ['of a target that wins', { targets: [{ from: `more/${BUNDLE}` }], allowMissing: true }, 'more'],
  [
    'of a target that does not',
    { targets: [{ from: `more/*.js`, overwrite: false }], allowMissing: true },
    'more',
  ],
] as [string, Options, string][])(
  'the bundle is there, although Rspack does not write it again, when a file with its name was %s',
  async (_what, given, directory) => {
    const root = makeProject({ [`${directory}/${BUNDLE}`]: 'of the plugin' });
    // Rspack builds incrementally in this mode.
    const { after } = await watch(root, given, { mode: 'development' });
    const bundle = () => readFileSync(join(root, 'dist', BUNDLE), 'utf8');
    const wins = directory === 'more' && given.targets![0]!.overwrite !== false;
    expect(bundle()).toContain(wins ? 'of the plugin' : 'bundled');
    const file = join(root, directory, BUNDLE);
    expect((await after(() => replaceAtOnce(file, 'once more'))).errors).toEqual([]);
    expect(bundle()).toContain(wins ? 'once more' : 'bundled');
    expect((await after(() => rmSync(file))).errors).toEqual([]);
    expect(bundle()).toContain('bundled');
  },
);

test('a build after one that failed copies what came meanwhile', async () => {
  const root = makeProject();
  const { after } = await watch(root, options, { optimization: { emitOnErrors: false } });
  const failed = await after(() => replaceAtOnce(join(root, 'main.js'), 'this is no JavaScript'));
  expect(failed.errors).not.toEqual([]);
  writeFileSync(join(root, 'static/meanwhile.txt'), 'meanwhile');
  await after(() => replaceAtOnce(join(root, 'main.js'), 'console.log(2);'));
  // The file is a separate change, which may cause another build.
  while (!existsSync(join(root, 'dist/meanwhile.txt'))) await wait(5);
});

test('what is taken over of CopyRspackPlugin is watched', async () => {
  const root = makeProject();
  const plugins = [new rspack.CopyRspackPlugin({ patterns: ['assets'] })];
  const { after, reports, builds } = await watch(root, { rspack: { takeOver: true } }, { plugins });
  expect(builds).toEqual([fine]);
  await after(() => replaceAtOnce(join(root, 'assets/a.txt'), 'changed'));
  expect(readFileSync(join(root, 'dist/a.txt'), 'utf8')).toBe('changed');
  await after(() => rmSync(join(root, 'assets/sub'), { recursive: true }));
  expect(existsSync(join(root, 'dist/sub/c.txt'))).toBe(false);
  expect(reports).toMatchObject([{ files: 4 }, { files: 1, unchanged: 3 }, { files: 0, pruned: 2 }]);
});
