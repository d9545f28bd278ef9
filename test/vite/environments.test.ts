import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuilderOptions, InlineConfig, Plugin } from 'vite';
import { expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import type { TreeSpec } from '../support/trees.ts';
import {
  build,
  buildApp,
  copied,
  describeVites,
  LONG_AGO,
  manyFiles,
  mtimeOf,
  observe,
  project,
  writeOld,
} from './support.ts';

const spec: TreeSpec = { 'public/a.txt': 'a', 'public/b/c.txt': 'c' };

type Switch = { copyPublicDir?: boolean };
const ON: Switch = { copyPublicDir: true };
const OFF: Switch = { copyPublicDir: false };

const twoEnvironments = (root: string, client: Switch = {}, ssr: Switch = {}): InlineConfig => ({
  environments: {
    client: { build: { outDir: 'dist/client', ...client } },
    ssr: { build: { outDir: 'dist/server', rollupOptions: { input: join(root, 'main.js') }, ...ssr } },
  },
});

const nitro: Plugin = {
  name: 'framework',
  configEnvironment(name, { build }) {
    if (name === 'ssr') build!.copyPublicDir ??= false;
  },
};

const builders: [name: string, builder: BuilderOptions][] = [
  ['one after the other', {}],
  ['with one config for all', { sharedConfigBuild: true }],
  ['with the same plugins for all', { sharedConfigBuild: true, sharedPlugins: true }],
  [
    'at the same time',
    {
      buildApp: async (builder) => {
        await Promise.all(Object.values(builder.environments).map((each) => builder.build(each)));
      },
    },
  ],
];

describeVites((host) => {
  test.each(builders)('every environment gets the public directory, built %s', async (name, builder) => {
    const files = name === 'at the same time' ? { ...spec, ...manyFiles } : spec;
    const root = project(files);
    await pastTick();
    const config = { ...twoEnvironments(root), builder };
    const built = await buildApp(host, root, { config });
    expect(built.reports.flatMap(Object.keys).sort()).toEqual(['dist/client', 'dist/server']);
    expect(built.copiedByVite).toEqual([]);
    for (const outDir of ['dist/client', 'dist/server']) {
      expect(mtimeOf(join(root, outDir, 'b/c.txt'))).toEqual(LONG_AGO);
    }
    const again = await buildApp(host, root, { config });
    const unchanged = { files: 0, unchanged: Object.keys(files).length };
    expect(again.reports.flatMap((report) => Object.values(report))).toMatchObject([unchanged, unchanged]);
  });

  const chosen: [
    name: string,
    top: Switch,
    client: Switch,
    ssr: Switch,
    plugins: Plugin[],
    outDirs: string[],
  ][] = [
    ['off at the top and on for the client', OFF, ON, {}, [], ['dist/client']],
    ['off for ssr', {}, {}, OFF, [], ['dist/client']],
    ['off for ssr by a framework', {}, {}, {}, [nitro], ['dist/client']],
    ['off at the top', OFF, {}, {}, [], []],
  ];
  test.each(chosen)('copyPublicDir %s is respected', async (_name, top, client, ssr, plugins, outDirs) => {
    const root = project(spec);
    const config = { build: { ...top }, ...twoEnvironments(root, client, ssr) };
    const built = await buildApp(host, root, { config, plugins });
    expect(built.reports.flatMap(Object.keys)).toEqual(outDirs);
    expect(built.copiedByVite).toEqual([]);
    expect(existsSync(join(root, 'dist/client/a.txt'))).toBe(outDirs.length > 0);
    expect(existsSync(join(root, 'dist/server/a.txt'))).toBe(false);
    expect(existsSync(join(root, 'dist/server/main.js'))).toBe(true);
  });

  test.each([
    ['a list', ['client']],
    ['a function', (name: string) => name === 'client'],
  ])('option environments, %s, leaves the others to Vite', async (_name, environments) => {
    const root = project(spec);
    const built = await buildApp(host, root, {
      config: twoEnvironments(root),
      options: { vite: { environments } },
    });
    expect(built.reports.flatMap(Object.keys)).toEqual(['dist/client']);
    expect(built.copiedByVite.sort()).toEqual(['public/a.txt', 'public/b/c.txt']);
    expect(mtimeOf(join(root, 'dist/client/a.txt'))).toEqual(LONG_AGO);
    expect(mtimeOf(join(root, 'dist/server/a.txt'))).not.toEqual(LONG_AGO);
  });

  const targets = [{ from: 'assets' }];
  const withTarget: TreeSpec = { ...spec, 'assets/t.txt': 't' };

  test.each([
    [
      'left out',
      undefined,
      [
        ['a.txt', 'b', 'b/c.txt', 't.txt'],
        ['a.txt', 'b', 'b/c.txt'],
      ],
    ],
    [
      'both',
      ['client', 'ssr'],
      [
        ['a.txt', 'b', 'b/c.txt', 't.txt'],
        ['a.txt', 'b', 'b/c.txt', 't.txt'],
      ],
    ],
    [
      'ssr',
      ['ssr'],
      [
        ['a.txt', 'b', 'b/c.txt'],
        ['a.txt', 'b', 'b/c.txt', 't.txt'],
      ],
    ],
  ] as const)('targets with environments %s', async (_name, environments, expected) => {
    const root = project(withTarget);
    const options = { targets, ...(environments && { vite: { environments } }) };
    await buildApp(host, root, { config: twoEnvironments(root), options });
    const found = ['dist/client', 'dist/server'].map((outDir) =>
      copied(join(root, outDir)).filter((path) => path !== 'main.js'),
    );
    expect(found).toEqual(expected);
  });

  test('a target named as the output of an environment that does not get it', async () => {
    const root = project(withTarget);
    const options = { targets: [{ ...targets[0]!, to: 'dist/server' }] };
    // Other warnings than the expected ones fail the build.
    await buildApp(host, root, { config: twoEnvironments(root), options });
    expect(copied(join(root, 'dist/client'))).toContain('dist/server/t.txt');
  });

  test('targets alone, where the public directory is switched off', async () => {
    const root = project(withTarget);
    const config = { ...twoEnvironments(root, OFF, OFF) };
    const built = await buildApp(host, root, { config, options: { targets } });
    expect(built.reports.flatMap(Object.keys)).toEqual(['dist/client']);
    expect(Object.values(built.reports[0]!)[0]).toMatchObject({ files: 1 });
    expect(copied(join(root, 'dist/client'))).toEqual(['t.txt']);
  });

  test('a collision is warned about once for each environment that has it', async () => {
    const root = project({ 'public/main.js': 'public', 'assets/main.js': 'target' });
    const fixed = { rollupOptions: { input: join(root, 'main.js'), output: { entryFileNames: 'main.js' } } };
    const config: InlineConfig = {
      environments: {
        client: { build: { outDir: 'dist/client', ...fixed } },
        ssr: { build: { outDir: 'dist/server', ...fixed } },
      },
    };
    const built = await buildApp(host, root, { config, options: { targets }, warnings: [/./, /./] });
    expect(built.log.warnings.sort()).toEqual([
      expect.stringContaining("main.js is both in the public directory and in the bundle; the bundle's"),
      expect.stringContaining("main.js is both in the targets and in the bundle; the target's"),
    ]);
    const read = (path: string) => readFileSync(join(root, path), 'utf8');
    expect(read('dist/client/main.js')).toBe('target');
    expect(read('dist/server/main.js')).toContain('page');
  });

  test('a build for the server only', async () => {
    const root = project(spec);
    const built = await build(host, root, { config: { build: { ssr: 'main.js' } } });
    expect(built.report.files).toBe(2);
    expect(built.copiedByVite).toEqual([]);
  });

  test('write: false, and then write: true', async () => {
    const root = project(spec);
    writeOld(root, { 'old.txt': 'old' });
    const built = await observe(root, {}, async ({ config, reports }) => {
      const builder = await host.vite.createBuilder({ builder: {}, ...config });
      const client = builder.environments.client!;
      client.config.build.write = false;
      await builder.build(client);
      expect(reports).toEqual([]);
      expect(existsSync(join(root, 'dist/old.txt'))).toBe(true);
      expect(existsSync(join(root, 'dist/a.txt'))).toBe(false);
      client.config.build.write = true;
      await builder.build(client);
    });
    expect(built.report.files).toBe(2);
    expect(built.copiedByVite).toEqual([]);
    expect(existsSync(join(root, 'dist/old.txt'))).toBe(false);
  });

  test('an environment that is built twice is emptied as often as by Vite itself', async () => {
    const left: boolean[] = [];
    for (const options of [false as const, {}]) {
      const root = project(spec);
      await observe(root, { options }, async ({ config }) => {
        const builder = await host.vite.createBuilder({ builder: {}, ...config });
        await builder.build(builder.environments.client!);
        writeOld(root, { 'between.txt': 'written between the builds' });
        await builder.build(builder.environments.client!);
      });
      left.push(existsSync(join(root, 'dist/between.txt')));
      expect(existsSync(join(root, 'dist/a.txt'))).toBe(true);
    }
    expect(left).toEqual([host.rolldown, host.rolldown]);
  });
});
