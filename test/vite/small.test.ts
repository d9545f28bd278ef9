import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import reflink from 'unplugin-reflink/vite';
import type { BuildEnvironmentOptions, InlineConfig } from 'vite';
import { expect, test } from 'vitest';
import { readTree, symlink, type TreeSpec, writeTree } from '../support/trees.ts';
import {
  type BuildSetup,
  build,
  buildApp,
  copied,
  countWorkers,
  describeVites,
  pathsIn,
  project,
} from './support.ts';

const few: TreeSpec = { 'public/a.txt': 'a', 'public/sub/b.bin': Buffer.alloc(1500, 'b') };
/** No option is set: `setUp` sets `report`. */
const plain = { report: undefined as never };
const LEFT = 'public: Vite copies it itself, because it is small (unplugin-reflink)';

/** So many files that the copy engine is worth its start. */
const manyFiles = (number: number): TreeSpec =>
  Object.fromEntries(Array.from({ length: number }, (_each, index) => [`public/${index}.txt`, `${index}`]));

const environments = (root: string, ssr: BuildEnvironmentOptions = {}): InlineConfig => ({
  environments: {
    client: { build: { outDir: 'dist/client' } },
    ssr: { build: { outDir: 'dist/server', rollupOptions: { input: join(root, 'main.js') }, ...ssr } },
  },
});

describeVites((host) => {
  const filesOf = (tree: ReturnType<typeof readTree>) =>
    Object.entries(tree).map(([name, { type, mode, sha256 }]) => [name, type, mode, sha256]);

  test('Vite itself copies a small public directory, with the result that it has without the plugin', async () => {
    const root = project(few);
    await build(host, root, { options: false, config: { build: { outDir: 'without' } } });
    writeTree(root, { 'dist/stale.txt': 'of an earlier build' });
    const { copiedByVite, log } = await build(host, root, { options: plain });
    expect(copiedByVite.toSorted()).toEqual(['public/a.txt', 'public/sub/b.bin']);
    expect(filesOf(readTree(join(root, 'dist')))).toEqual(filesOf(readTree(join(root, 'without'))));
    expect(log.infos.filter((message) => message.includes('public'))).toEqual([LEFT]);
    expect(pathsIn(join(root, 'node_modules')).filter((name) => name.includes('reflink'))).toEqual([]);
  });

  const engine: [why: string, spec: TreeSpec, setup?: BuildSetup][] = [
    ['more than 200 files', manyFiles(201)],
    ['more than 16 MiB', { ...few, 'public/large.bin': Buffer.alloc(16 * 1024 * 1024) }],
    ['a symbolic link', { ...few, 'public/link.txt': symlink('a.txt') }],
    ['a public directory that is a link', { 'real/a.txt': 'a', public: symlink('real') }],
    ['an output that is not emptied', few, { config: { build: { emptyOutDir: false } } }],
    [
      'an output that Vite does not empty',
      few,
      {
        config: { build: { outDir: '../beside' } },
        warnings: [/outDir .* is not inside project root/],
      },
    ],
    ['an option', few, { options: { report: 'summary' } }],
    ['another instance', few, { plugins: [reflink({ ...plain, publicDir: false })] }],
  ];
  test.each(engine)('the engine copies: %s', async (_why, spec, setup) => {
    const root = project(spec);
    const { copiedByVite, log } = await build(host, root, { options: plain, ...setup });
    expect(copiedByVite).toEqual([]);
    const lines = log.infos.filter((message) => message.startsWith('public'));
    expect(lines).toEqual([expect.stringMatching(/^public → .*: (\d+ copied)/)]);
  });

  test('the engine copies if Vite empties no output, because one of several is outside the project', async () => {
    const root = project(few);
    const output = [{ dir: join(root, 'dist') }, { dir: join(root, '../beside') }];
    const { copiedByVite } = await build(host, root, {
      options: plain,
      config: { build: { rollupOptions: { output } } },
      warnings: [/outDir .* is not inside project root/],
    });
    expect(copiedByVite).toEqual([]);
  });

  test('one line for all environments that Vite copies into', async () => {
    const root = project(few);
    const { copiedByVite, log } = await buildApp(host, root, { options: plain, config: environments(root) });
    expect(copiedByVite).toHaveLength(4);
    expect(log.infos.filter((message) => message === LEFT)).toHaveLength(1);
  });

  test.each([false, true])(
    'an environment whose output is not emptied keeps no stale file, sharedConfigBuild: %j',
    async (sharedConfigBuild) => {
      const root = project(few);
      const config = { builder: { sharedConfigBuild }, ...environments(root, { emptyOutDir: false }) };
      await buildApp(host, root, { options: plain, config });
      rmSync(join(root, 'public/a.txt'));
      await buildApp(host, root, { options: plain, config });
      for (const name of ['client', 'server'])
        expect(copied(join(root, 'dist', name)), name).not.toContain('a.txt');
    },
  );

  test('no worker thread stays if a plugin names another public directory, which is small', async () => {
    const root = project({ ...manyFiles(201), 'static/a.txt': 'a' });
    const workers = countWorkers();
    const other = { name: 'other directory', config: () => ({ publicDir: 'static' }) };
    const { copiedByVite } = await build(host, root, { options: plain, plugins: [other] });
    expect(copiedByVite).toEqual(['static/a.txt']);
    // Rolldown has threads of its own, so the copy needs none.
    const number = host.rolldown ? 0 : 1;
    expect(workers).toEqual({ started: number, ended: number });
  });

  test('nothing is said where Vite copies no public directory', async () => {
    const root = project(few);
    const config = { build: { copyPublicDir: false } };
    const { copiedByVite, log } = await build(host, root, {
      options: plain,
      config,
    });
    expect(copiedByVite).toEqual([]);
    expect(log.infos).not.toContain(LEFT);
    expect(existsSync(join(root, 'dist/a.txt'))).toBe(false);
  });
});
