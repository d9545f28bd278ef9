import { existsSync } from 'node:fs';
import { join } from 'node:path';
import reflink from 'unplugin-reflink/vite';
import type { InlineConfig, Plugin } from 'vite';
import { expect, test } from 'vitest';
import { orSkipped } from '../support/skip.ts';
import type { TreeSpec } from '../support/trees.ts';
import { type BuildSetup, build, buildApp, describeVites, type Options, project } from './support.ts';

const spec: TreeSpec = { 'public/a.txt': 'a', 'static/s.txt': 's', 'locales/en.json': '{}' };
const targets = [{ from: 'locales', to: 'x' }];

const apps = (root: string, ssr: InlineConfig['build'] = {}): InlineConfig => ({
  environments: {
    client: { build: { outDir: 'dist/client' } },
    ssr: { build: { outDir: 'dist/server', rollupOptions: { input: join(root, 'main.js') }, ...ssr } },
  },
});

/** The config that Nuxt 4.5 sets for the files for browsers. */
const nuxt: InlineConfig = {
  define: { __NUXT_VERSION__: '"4.5.2"' },
  build: { outDir: '.nuxt/dist/client', assetsDir: '_nuxt/', copyPublicDir: false },
};

describeVites((host) => {
  const warned: [name: string, setup: BuildSetup, expected: RegExp][] = [
    [
      'an environment that the config does not have',
      { options: { vite: { environments: ['clientt'] }, targets } },
      /targets "locales" → "x" are not copied: .*"vite.environments" names "clientt".* Name some of "client", "ssr"/,
    ],
    [
      'one of two that the config does not have',
      { options: { vite: { environments: ['client', 'srr'] }, targets } },
      /targets "locales" → "x" are not copied for "srr": .* Name some of "client"/,
    ],
    [
      'a function that chooses no environment',
      { options: { vite: { environments: (name) => name === 'clientt' }, targets } },
      /targets "locales" → "x" are not copied: the function .* chooses none .* Name some of "client"/,
    ],
    [
      'a build for the server alone',
      { options: { targets }, config: { build: { ssr: 'main.js' } } },
      /targets "locales" → "x" are not copied: .* this build has only "ssr"\. Set vite: \{ environments: \['ssr'\] \}/,
    ],
    [
      'our public directory with copyPublicDir: false',
      { options: { publicDir: 'static' }, config: { build: { copyPublicDir: false } } },
      /publicDir "static" is not copied: build\.copyPublicDir is false.* Set it to true/,
    ],
    [
      'what Nuxt does not take of its output',
      {
        options: { publicDir: 'static', targets: [...targets, { from: 'static', to: '_nuxt/y' }] },
        config: nuxt,
      },
      /publicDir "static" and targets "locales" → "x" are not part of the site: Nuxt takes nothing but "_nuxt\/" .* "unplugin-reflink\/nuxt"/,
    ],
  ];
  test.each(warned)('%s is warned about once', async (_name, setup, expected) => {
    await build(host, project(spec), { ...setup, warnings: [expected] });
  });

  test.each<[name: string, setup: BuildSetup]>([
    ['where Nuxt takes them from', { options: { targets: [{ from: 'locales', to: '_nuxt/x' }] } }],
    [
      'outside of its output',
      { options: { targets: [{ from: 'locales', to: '../../../site', allowOutside: true }] } },
    ],
  ])('in a build of Nuxt nothing is said of targets that go %s', async (_name, setup) => {
    await build(host, project(spec), { ...setup, config: nuxt, warnings: [] });
  });

  test("in Nuxt's build for the server nothing is said, because the other says it", async () => {
    const config = { ...nuxt, build: { outDir: '.nuxt/dist/server', ssr: 'main.js' } };
    await build(host, project(spec), { options: { targets }, config, warnings: [] });
  });

  test('one warning for all environments of an app, each with a config and a logger of its own', async () => {
    const root = project(spec);
    const warnings: string[] = [];
    const config: InlineConfig = {
      ...apps(root),
      root,
      configFile: false,
      logLevel: 'silent',
      builder: {},
      plugins: [
        {
          name: 'log',
          configResolved: ({ logger }) => {
            logger.warn = (message) => void warnings.push(message);
          },
        },
        reflink({ report: false, vite: { environments: ['clientt'] }, targets }),
      ],
    };
    await (await host.vite.createBuilder(config)).buildApp();
    expect(warnings).toEqual([expect.stringContaining('names "clientt"')]);
  });

  const silent: [name: string, options: Options, config: InlineConfig][] = [
    [
      'a build for the server that targets are kept out of by name',
      { vite: { environments: ['client'] }, targets },
      { build: { ssr: 'main.js' } },
    ],
    [
      'a build for browsers, beside one for the server that targets are for',
      { vite: { environments: ['ssr'] }, targets },
      {},
    ],
    [
      'a build for the server alone without its public directory',
      { publicDir: 'static' },
      { build: { ssr: 'main.js', copyPublicDir: false } },
    ],
    ["Vite's own public directory with copyPublicDir: false", {}, { build: { copyPublicDir: false } }],
  ];
  test.each(silent)('%s is not warned about', async (_name, options, config) => {
    await build(host, project(spec), { options, config });
  });

  test('an app without the public directory for its server is not warned about', async () => {
    const root = project(spec);
    const options = { publicDir: 'static', targets };
    await buildApp(host, root, { options, config: apps(root, { copyPublicDir: false }) });
    expect(existsSync(join(root, 'dist/client/s.txt'))).toBe(true);
    expect(existsSync(join(root, 'dist/client/x/en.json'))).toBe(true);
  });

  test('a build for the server after one for browsers in the same process is not warned about', async () => {
    const root = project(spec);
    const server = { build: { ssr: 'main.js', outDir: 'dist/server' } };
    await build(host, root, { options: { targets }, config: { build: { outDir: 'dist/client' } } });
    await build(host, root, { options: { targets }, config: server, warnings: [] });
    const others = [{ from: 'static', to: 'x' }];
    const expected = /targets "static" → "x" are not copied: .* this build has only "ssr"/;
    await build(host, root, { options: { targets: others }, config: server, warnings: [expected] });
  });

  test('neither is one that runs while the one for browsers runs, as in VuePress', async () => {
    const root = project(spec);
    const server = { build: { ssr: 'main.js', outDir: 'dist/server' } };
    const beside: Plugin = {
      name: 'beside',
      buildStart: () => build(host, root, { options: { targets }, config: server, warnings: [] }) as never,
    };
    const config = { build: { outDir: 'dist/client' } };
    await build(host, root, { options: { targets }, config, plugins: [beside] });
    expect(existsSync(join(root, 'dist/client/x/en.json'))).toBe(true);
  });

  test('a build for browsers that writes nothing is no reason not to warn about one for the server', async () => {
    const root = project(spec);
    await build(host, root, { options: { targets }, config: { build: { write: false } } });
    const server = { build: { ssr: 'main.js', outDir: 'dist/server' } };
    const expected = /this build has only "ssr"/;
    await build(host, root, { options: { targets }, config: server, warnings: [expected] });
  });

  const noHook = host.name === 'Vite 6' ? 'plugins of Vite 6 have no hook for it' : undefined;
  test.skipIf(noHook)(
    orSkipped('an environment that an app does not build is warned about', noHook),
    async () => {
      const root = project(spec);
      const builder: InlineConfig['builder'] = {
        buildApp: async ({ build, environments }) => void (await build(environments.ssr!)),
      };
      const expected =
        /targets "locales" → "x" are not copied: they go to the output of "client", and this build built only "ssr"/;
      const config = { ...apps(root), builder };
      await buildApp(host, root, { options: { targets }, config, warnings: [expected] });
      const lazy: Plugin = { name: 'lazy', buildApp: { order: 'pre', handler: async () => {} } };
      await buildApp(host, root, { options: { targets }, config: apps(root), plugins: [lazy] });
    },
  );

  test.skipIf(noHook)(
    orSkipped('it is not, if a builder of the same process has built it before', noHook),
    async () => {
      const root = project(spec);
      const only = (name: string): InlineConfig => ({
        ...apps(root),
        builder: { buildApp: async ({ build, environments }) => void (await build(environments[name]!)) },
      });
      await buildApp(host, root, { options: { targets }, config: only('client'), warnings: [] });
      await buildApp(host, root, { options: { targets }, config: only('ssr'), warnings: [] });
    },
  );
});
