import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mergeRsbuildConfig, type RsbuildConfig, type RsbuildPlugin } from '@rsbuild/core';
import type { CopyReport } from 'fs-reflink';
import unified from 'unplugin-reflink';
import reflink from 'unplugin-reflink/rsbuild';
import { expect, test } from 'vitest';
import { BUNDLE } from '../hosts/cases.ts';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { directory, file, readTree } from '../support/trees.ts';
import { type Built, build, describeRsbuilds, reporting } from './hosts.ts';

const fine: Built = { errors: [], warnings: [], log: [] };
const page = {
  'public/p.txt': 'public',
  'public/run.sh': file('#!/bin/sh\n', { mode: 0o755 }),
  'public/sub/q.txt': 'below',
};
const own = ['p.txt', 'run.sh', 'sub/q.txt'];

/** The names of the files in an output, without scripts. */
function copied(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const names = Object.entries(readTree(directory)).filter(([, { type }]) => type !== 'directory');
  return names.map(([name]) => name).filter((name) => !/\.m?js$/.test(name));
}

test("Rsbuild's public directory is copied by the plugin, without any options", async () => {
  const root = makeProject(page);
  await pastTick();
  const seen: CopyReport[] = [];
  const config = (): RsbuildConfig => {
    const { plugin, reports } = reporting({});
    return {
      plugins: [plugin, { name: 'seen', setup: (api) => api.onAfterBuild(() => void seen.push(...reports)) }],
    };
  };
  expect(await build(root, config())).toEqual(fine);
  expect(copied(join(root, 'dist'))).toEqual(own);
  expect(readTree(join(root, 'dist'))['run.sh']).toMatchObject({ mode: 0o755 });
  const before = identityOf(join(root, 'dist/p.txt'));
  expect(await build(root, config())).toEqual(fine);
  expect(seen).toMatchObject([{ files: 3 }, { files: 0, unchanged: 3 }]);
  expect(Object.keys(seen[0]!.methods)).toEqual([
    expect.stringMatching(/^(ficlone|copy_file_range|read_write)$/),
  ]);
  expect(identityOf(join(root, 'dist/p.txt'))).toBe(before);
});

test('imported files are copied by the engine, with the option', async () => {
  const root = makeProject({
    'main.js': "import url from './a.mp4';\nimport other from './b.woff2';\nconsole.log(url, other);\n",
    'a.mp4': randomBytes(262_144),
    'b.woff2': randomBytes(262_144),
  });
  const { plugin, reports } = reporting({ assets: true });
  expect(await build(root, { plugins: [plugin] })).toEqual(fine);
  expect(reports).toMatchObject([{ files: 2 }]);
  const output = Object.entries(readTree(join(root, 'dist')));
  for (const name of ['a.mp4', 'b.woff2']) {
    const { sha256 } = readTree(root)[name] as { sha256: string };
    const [stem, extension] = name.split('.');
    const found = output.filter(([, each]) => each.sha256 === sha256).map(([each]) => each);
    expect(found).toEqual([expect.stringMatching(new RegExp(`^static/\\w+/${stem}\\.\\w+\\.${extension}$`))]);
  }
});

describeRsbuilds((createRsbuild) => {
  test.each<[name: string, server: RsbuildConfig['server'] & object, expected: string[]]>([
    ['the default', {}, own],
    ['false', { publicDir: false }, []],
    ['copyOnBuild: false', { publicDir: { copyOnBuild: false } }, []],
    ['another name', { publicDir: { name: 'more' } }, ['extra.txt', 'notes.md']],
    ['several', { publicDir: [{ name: 'more' }, { name: 'public' }] }, ['extra.txt', 'notes.md', ...own]],
    ['ignore', { publicDir: { ignore: ['sub', '*.sh'] } }, ['p.txt']],
    ['one that is missing', { publicDir: { name: 'none' } }, []],
  ])('server.publicDir: %s', async (_name, server, expected) => {
    const root = makeProject(page);
    await pastTick();
    const { plugin, reports } = reporting({});
    for (let run = 0; run < 2; run++)
      expect(await build(root, { server, plugins: [plugin] }, createRsbuild)).toEqual(fine);
    expect(copied(join(root, 'dist'))).toEqual(expected);
    // What did not change is left alone: nobody else has copied it again.
    const { length } = expected;
    expect(reports).toMatchObject(length > 0 ? [{ files: length }, { files: 0, unchanged: length }] : []);
  });

  test.each<[name: string, publicDir: false | string, expected: string[]]>([
    ['takes the place of', 'more', ['extra.txt', 'notes.md']],
    ['that is false leaves to Rsbuild', false, own],
  ])('the option publicDir %s that of Rsbuild', async (_name, publicDir, expected) => {
    const root = makeProject(page);
    const { plugin, reports } = reporting({ publicDir });
    expect(await build(root, { plugins: [plugin] }, createRsbuild)).toEqual(fine);
    expect(copied(join(root, 'dist'))).toEqual(expected);
    expect(reports).toHaveLength(publicDir ? 1 : 0);
  });

  test.each<[name: string, others: string[]]>([
    ['one environment', []],
    ['each environment', ['other']],
  ])('the plugin in %s: the output of each environment has the public files', async (_name, others) => {
    const root = makeProject(page);
    const environment = (name: string) => ({
      output: { distPath: { root: `dist/${name}` } },
      plugins: ['web', ...others].includes(name) ? [reflink({ report: false })] : [],
    });
    const environments = { web: environment('web'), other: environment('other') };
    for (let run = 0; run < 2; run++) {
      expect(await build(root, { environments }, createRsbuild)).toEqual(fine);
      for (const name of ['web', 'other']) expect(copied(join(root, 'dist', name))).toEqual(own);
    }
  });
});

test.each([true, 'auto'] as const)(
  'output.cleanDistPath: %s empties the output, but for what is unchanged',
  async (cleanDistPath) => {
    const root = makeProject(page);
    await pastTick();
    const config = () => ({ output: { cleanDistPath }, plugins: [reflink({ report: false })] });
    expect(await build(root, config())).toEqual(fine);
    const before = identityOf(join(root, 'dist/p.txt'));
    mkdirSync(join(root, 'dist/foreign'));
    writeFileSync(join(root, 'dist/foreign/f.txt'), 'of somebody else');
    rmSync(join(root, 'public/sub'), { recursive: true });
    // Files that plugins write before Rspack writes stay.
    const early: RsbuildPlugin = {
      name: 'early',
      setup: (api) => api.onBeforeBuild(() => writeFileSync(join(root, 'dist/early.txt'), 'of this build')),
    };
    const { plugins, ...others } = config();
    expect(await build(root, { ...others, plugins: [...plugins, early] })).toEqual(fine);
    expect(copied(join(root, 'dist'))).toEqual(['early.txt', 'p.txt', 'run.sh']);
    expect(existsSync(join(root, 'dist/foreign'))).toBe(false);
    expect(identityOf(join(root, 'dist/p.txt'))).toBe(before);
  },
);

test('each build has the empty directories of the public directory, and no others', async () => {
  const root = makeProject({ ...page, 'public/empty/below': directory() });
  const config = () => ({ output: { cleanDistPath: true }, plugins: [reflink({ report: false })] });
  await build(root, config());
  mkdirSync(join(root, 'dist/old/below'), { recursive: true });
  for (let run = 0; run < 2; run++) {
    expect(await build(root, config())).toEqual(fine);
    const names = Object.keys(readTree(join(root, 'dist')));
    expect(names.filter((name) => /empty|old/.test(name))).toEqual(['empty', 'empty/below']);
  }
});

test('files to keep, and an output outside of the project, are left to Rsbuild', async () => {
  const root = makeProject(page);
  const keeping = { cleanDistPath: { keep: [/keep\.txt$/] } };
  const config = (output: RsbuildConfig['output'] & object) => ({
    output,
    plugins: [reflink({ report: false })],
  });
  for (let count = 0; count < 2; count++) {
    expect(await build(root, config(keeping))).toEqual(fine);
    expect(copied(join(root, 'dist'))).toEqual(count === 0 ? own : ['keep.txt', ...own]);
    for (const name of ['keep.txt', 'foreign.txt'])
      writeFileSync(join(root, 'dist', name), 'of somebody else');
  }
});

test('a build that fails leaves the output as it was', async () => {
  const root = makeProject(page);
  const config = () => ({ output: { cleanDistPath: true }, plugins: [reflink({ report: false })] });
  await build(root, config());
  const before = readTree(join(root, 'dist'));
  writeFileSync(join(root, 'main.js'), 'this is no JavaScript');
  expect((await build(root, config())).errors).not.toEqual([]);
  expect(readTree(join(root, 'dist'))).toEqual(before);
});

/** Environments for a site and its server, whose output is `server`. */
const both = (root: string, server: string): RsbuildConfig => ({
  environments: {
    web: { output: { target: 'web', distPath: { root: 'dist' } } },
    node: {
      source: { entry: { server: join(root, 'other.js') } },
      output: { target: 'node', distPath: { root: server } },
    },
  },
});

test.each(['dist/server', 'build', 'dist'])(
  'files go to the output of browsers, and none to %s',
  async (server) => {
    const root = makeProject({ ...page, 'other.js': 'console.log("server")' });
    await pastTick();
    for (let count = 0; count < 2; count++) {
      const reports: [CopyReport, string][] = [];
      const report = (...given: [CopyReport, string]) => void reports.push(given);
      const plugins = [reflink({ targets: [{ from: 'assets/a.txt', to: 'texts' }], report })];
      const config = mergeRsbuildConfig(both(root, server), { output: { cleanDistPath: true }, plugins });
      expect(await build(root, config)).toEqual(fine);
      // Rsbuild empties an output that several environments share, so the files are copied again.
      const isCopied = count === 0 || server === 'dist';
      expect(reports).toEqual([
        [expect.objectContaining(isCopied ? { files: 4 } : { unchanged: 4 }), join(root, 'dist')],
      ]);
      expect(copied(join(root, 'dist')).sort()).toEqual([...own, 'texts/a.txt'].sort());
      expect(existsSync(join(root, 'dist', BUNDLE))).toBe(true);
      expect(Object.keys(readTree(join(root, server)))).toContainEqual(
        expect.stringMatching(/^server\.m?js$/),
      );
      if (server === 'build') expect(copied(join(root, server))).toEqual([]);
    }
  },
);

test('targets go to the output of a server where nothing is built for browsers', async () => {
  const root = makeProject(page);
  const plugins = [reflink({ targets: [{ from: 'assets/a.txt' }], report: false })];
  expect(await build(root, { output: { target: 'node' }, plugins })).toEqual(fine);
  expect(copied(join(root, 'dist'))).toEqual(['a.txt']);
});

test('several instances in one config', async () => {
  const root = makeProject(page);
  const plugins = [
    reflink({ targets: [{ from: 'assets/a.txt' }], report: false }),
    reflink({ targets: [{ from: 'assets/b.md' }], report: false }),
  ];
  for (let count = 0; count < 2; count++) {
    expect(await build(root, { output: { cleanDistPath: true }, plugins })).toEqual(fine);
    expect(copied(join(root, 'dist')).sort()).toEqual(['a.txt', 'b.md', ...own]);
  }
});

test('the plugin of all hosts', async () => {
  const root = makeProject(page);
  const { log, ...others } = await build(root, {
    plugins: [unified.rsbuild({ report: 'summary' })],
  });
  expect(others).toEqual({ errors: [], warnings: [] });
  expect(log).toEqual([expect.stringMatching(/^unplugin-reflink: public → dist: 3 copied in /)]);
  expect(readFileSync(join(root, 'dist/p.txt'), 'utf8')).toBe('public');
});
