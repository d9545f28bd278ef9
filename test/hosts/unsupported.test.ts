import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Compiler } from '@rspack/core';
import type { PluginBuild } from 'esbuild';
import unified from 'unplugin-reflink';
import astroReflink from 'unplugin-reflink/astro';
import bunReflink from 'unplugin-reflink/bun';
import esbuild from 'unplugin-reflink/esbuild';
import farmReflink from 'unplugin-reflink/farm';
import nuxtReflink from 'unplugin-reflink/nuxt';
import rolldown from 'unplugin-reflink/rolldown';
import rollup from 'unplugin-reflink/rollup';
import rsbuildReflink from 'unplugin-reflink/rsbuild';
import rspackReflink from 'unplugin-reflink/rspack';
import withReflink from 'unplugin-reflink/sveltekit';
import vite from 'unplugin-reflink/vite';
import webpack from 'unplugin-reflink/webpack';
import { describe, expect, test } from 'vitest';
import { makeProject } from './project.ts';

const AFTER_THE_BUILD = /copy after the build, with the command "fs-reflink cp"/;

function versionOf(name: string): string {
  const file = join(import.meta.dirname, '../node_modules', name, 'package.json');
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

async function messageOf(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

/** In a separate process, because Vite 5 does not start with the export conditions that Vitest sets in Node.js. */
describe('Vite 5, as VitePress 1 has it', () => {
  const found = `unplugin-reflink/vite works in Vite 6, 7 or 8, and this build runs in Vite ${versionOf('vite5')}.`;
  const page = { 'index.html': '<script type="module" src="/main.js"></script>', 'public/p.txt': 'public' };

  /** Returns what `code` prints. It has Vite 5 as `vite`, and a `config` for a project. */
  function printed(code: string, root: string): string {
    const prelude = `import * as vite from 'vite5'; import reflink from 'unplugin-reflink/vite';
      import rollup from 'unplugin-reflink/rollup'; import path from 'node:path';
      const root = ${JSON.stringify(root)}; const config = { root, configFile: false, logLevel: 'silent' };`;
    return execFileSync(process.execPath, ['--input-type=module', '-e', `${prelude}\n${code}`], {
      cwd: join(import.meta.dirname, '..'),
      encoding: 'utf8',
    });
  }
  const caught = '.catch((error) => process.stdout.write(error.message))';

  test('a build ends with its version, what is needed and what to use', () => {
    const message = printed(
      `await vite.build({ ...config, plugins: [reflink()] })${caught}`,
      makeProject(page),
    );
    expect(message).toContain(found);
    expect(message).toContain('"unplugin-reflink/rollup"');
    expect(message).toMatch(AFTER_THE_BUILD);
  });

  test('so does its development server', () => {
    const plugins = "[reflink({ targets: [{ from: 'assets' }] })]";
    const root = makeProject(page);
    expect(printed(`await vite.createServer({ ...config, plugins: ${plugins} })${caught}`, root)).toContain(
      found,
    );
  });

  test('the Rollup entry copies in its builds, as the message says', () => {
    const root = makeProject(page);
    const code = `
      const report = ({ files, methods }) => process.stdout.write(JSON.stringify([files, Object.keys(methods)]));
      const plugins = [rollup({ publicDir: path.join(root, 'public'), report })];
      await vite.build({ ...config, plugins, build: { copyPublicDir: false } });`;
    expect(JSON.parse(printed(code, root))).toEqual([
      1,
      [expect.stringMatching(/^(read_write|ficlone|copy_file_range)$/)],
    ]);
    expect(readFileSync(join(root, 'dist/p.txt'), 'utf8')).toBe('public');
  });
});

describe('Rspack, as Rsbuild and Docusaurus have it', () => {
  test.each([
    ['the entry', webpack],
    ['the plugin of all hosts', unified.webpack],
  ])('a build with %s of webpack is not begun', async (_name, reflink) => {
    const { rspack } = await import('@rspack/core');
    const context = makeProject();
    const plugin = reflink({ publicDir: 'static' }) as unknown as { apply(compiler: Compiler): void };
    const message = await messageOf(() => rspack({ context, entry: './main.js', plugins: [plugin] }));
    expect(message).toContain(
      `unplugin-reflink/webpack works in webpack 5.76 or newer, and this build runs in Rspack ${versionOf('@rspack/core')}.`,
    );
    expect(message).toContain('Use "unplugin-reflink/rspack"');
  });

  test('the entry of Rspack in webpack names that of webpack, and so in Vite', async () => {
    const { default: pack } = await import('webpack');
    const context = makeProject();
    const plugins = [rspackReflink({ publicDir: 'static' }) as never];
    expect(await messageOf(() => pack({ context, entry: './main.js', plugins }))).toBe(
      `unplugin-reflink/rspack works in Rspack 2, and this build runs in webpack ${pack.version}. Use "unplugin-reflink/webpack".`,
    );
    const { build } = await import('vite');
    expect(
      await messageOf(() => build({ root: context, configFile: false, logLevel: 'silent', plugins })),
    ).toMatch(/^unplugin-reflink\/rspack works in Rspack 2.*\. In Vite, use "unplugin-reflink\/vite"\.$/);
  });

  test('the entry of Rspack in Rspack 1', async () => {
    const compiler = { hooks: {}, options: {}, context: '/', webpack: { rspackVersion: '1.7.1' } };
    expect(await messageOf(() => rspackReflink({}).apply!(compiler as never))).toMatch(
      /^unplugin-reflink\/rspack works in Rspack 2, and this build runs in Rspack 1\.7\.1\. Update it/,
    );
  });

  test.each(['unloader'] as const)(
    'the plugin of all hosts names %s, and what is supported',
    async (framework) => {
      const create = unified.raw as (options: object, meta: object) => unknown;
      const message = await messageOf(() => create({}, { framework }));
      expect(message).toMatch(new RegExp(`Vite 6, 7 or 8.*this build runs in ${framework}\\.`, 'i'));
      expect(message).toMatch(AFTER_THE_BUILD);
    },
  );
});

/** With the parts of what each bundler gives to a plugin that tell which bundler it is. */
describe('a plugin in the hands of another bundler', () => {
  const setUp = (build: object) => () => esbuild({ publicDir: 'static' }).setup(build as PluginBuild);
  const refuse = () => {
    throw new TypeError('On-dispose callbacks is not implemented yet');
  };
  const bun = {
    ...{ initialOptions: { outdir: 'dist' }, config: { outdir: 'dist' }, esbuild: {}, onDispose: refuse },
    ...{ onStart() {}, onEnd() {}, onResolve() {}, onLoad() {} },
  };

  test('the esbuild entry in Bun.build', async () => {
    const bunVersion = process.versions.bun;
    Object.defineProperty(process.versions, 'bun', { value: '1.4.5', configurable: true, enumerable: true });
    try {
      const message = await messageOf(setUp(bun));
      expect(message).toContain(
        'unplugin-reflink/esbuild works in esbuild 0.19 or newer, and this build runs in Bun 1.4.5.',
      );
      expect(message).toContain('Use "unplugin-reflink/bun"');
    } finally {
      delete (process.versions as Record<string, string>).bun;
      if (bunVersion !== undefined) process.versions.bun = bunVersion;
    }
  });

  test('the esbuild entry in esbuild 0.18', async () => {
    const build = { initialOptions: {}, esbuild: { version: '0.18.20' } };
    expect(await messageOf(setUp(build))).toMatch(
      /0\.19 or newer, and this build runs in esbuild 0\.18\.20\. Update it/,
    );
  });

  test('the esbuild entry in Rsbuild', async () => {
    const build = { context: { version: '2.3.2' }, modifyRsbuildConfig() {} };
    expect(await messageOf(setUp(build))).toMatch(
      /runs in Rsbuild 2\.3\.2\. Use "unplugin-reflink\/rsbuild"/,
    );
  });

  test('the entry of Rsbuild in esbuild and in others', async () => {
    const { setup } = rsbuildReflink({});
    expect(await messageOf(() => setup({ esbuild: {} } as never))).toMatch(
      /^unplugin-reflink\/rsbuild works in Rsbuild 2.* in esbuild\. Use "unplugin-reflink\/esbuild"/,
    );
    expect(await messageOf(() => setup({} as never))).toMatch(
      /another bundler\. Use "unplugin-reflink\/rspack"/,
    );
  });

  test("Bun's entry in esbuild, and in Bun 1.2", async () => {
    const given = () => bunReflink({}).setup({ config: { entrypoints: [] }, onStart() {}, onEnd() {} });
    const bunVersion = process.versions.bun;
    if (bunVersion === undefined)
      expect(await messageOf(given)).toMatch(
        /^unplugin-reflink\/bun works in Bun 1\.3 or newer.*In esbuild, use "unplugin-reflink\/esbuild"/,
      );
    Object.defineProperty(process.versions, 'bun', { value: '1.2.9', configurable: true, enumerable: true });
    try {
      expect(await messageOf(given)).toMatch(/this build runs in Bun 1\.2\.9\. Update it/);
    } finally {
      delete (process.versions as Record<string, string>).bun;
      if (bunVersion !== undefined) process.versions.bun = bunVersion;
    }
  });

  test('the webpack entry in webpack 4', async () => {
    const compiler = { hooks: {}, options: {}, context: '/' };
    const message = await messageOf(() => webpack({}).apply(compiler as never));
    expect(message).toMatch(
      /^unplugin-reflink\/webpack works in webpack 5\.76 or newer.*webpack 4.*Update it/,
    );
  });

  test('the webpack entry in webpack 5.75', async () => {
    const compiler = { hooks: {}, options: {}, context: '/', webpack: { version: '5.75.0' } };
    const message = await messageOf(() => webpack({}).apply(compiler as never));
    expect(message).toMatch(/this build runs in webpack 5\.75\.0\. Update it/);
  });

  test('the webpack entry in Vite', async () => {
    const { build } = await import('vite');
    const plugins = [webpack({}) as never];
    const message = await messageOf(() =>
      build({ root: makeProject(), configFile: false, logLevel: 'silent', plugins }),
    );
    expect(message).toMatch(/^unplugin-reflink\/webpack works in webpack .*"unplugin-reflink\/vite"/);
  });

  test.each([
    ['rollup', rollup, 'Rollup 4'],
    ['rolldown', rolldown, 'Rolldown 1'],
  ])('the %s entry in Rollup 3', async (name, reflink, needs) => {
    const { buildStart } = reflink({}) as unknown as { buildStart(this: object, given: object): unknown };
    const context = { meta: { rollupVersion: '3.29.5', watchMode: false } };
    expect(await messageOf(() => buildStart.call(context, { input: [] }))).toMatch(
      new RegExp(
        `^unplugin-reflink/${name} works in ${needs}, and this build runs in Rollup 3\\.29\\.5\\. Update it`,
      ),
    );
  });

  // Plugins of these shapes have no hooks that Vite, Rollup and Rolldown call, so they would silently do nothing.
  const others = { esbuild, bun: bunReflink, astro: astroReflink, rsbuild: rsbuildReflink };
  test.each(Object.entries(others))('the %s entry in Vite, Rollup and Rolldown', async (entry, reflink) => {
    const root = makeProject();
    const plugins = [reflink({}) as never];
    const vite = await import('vite');
    const config = { root, configFile: false, logLevel: 'silent', plugins } as const;
    const inVite = new RegExp(
      `^unplugin-reflink/${entry} works in .* in Vite\\..* Use "unplugin-reflink/vite"\\.$`,
    );
    expect(await messageOf(() => vite.build(config))).toMatch(inVite);
    expect(await messageOf(() => vite.createServer(config))).toMatch(inVite);
    const { rollup, VERSION } = await import('rollup');
    const { rolldown, VERSION: rolldownVersion } = await import('rolldown');
    const input = join(root, 'main.js');
    expect(await messageOf(() => rollup({ input, plugins }))).toContain(`unplugin-reflink/${entry} works in`);
    expect(await messageOf(() => rollup({ input, plugins }))).toContain(
      `this build runs in Rollup ${VERSION}. Use "unplugin-reflink/rollup".`,
    );
    const build = async () => (await rolldown({ input, plugins })).generate();
    expect(await messageOf(build)).toContain(
      `this build runs in Rolldown ${rolldownVersion}. Use "unplugin-reflink/rolldown".`,
    );
  });

  test.each(Object.entries({ vite, rsbuild: rsbuildReflink, esbuild, bun: bunReflink }))(
    'the %s entry among the integrations of Astro',
    async (entry, reflink) => {
      const [integration] = [reflink({})].flat() as unknown as [{ hooks: Record<string, () => unknown> }];
      expect(await messageOf(() => integration.hooks['astro:config:setup']!())).toMatch(
        new RegExp(`^unplugin-reflink/${entry} works in .* in Astro\\. Use "unplugin-reflink/astro"\\.$`),
      );
      expect(Object.keys(integration)).not.toContain('hooks');
    },
  );

  test('the integration for Astro, as a plugin of Vite, says where it goes', async () => {
    const { config } = astroReflink() as unknown as { config(): unknown };
    expect(await messageOf(config)).toMatch(
      /\. In Astro, name it in "integrations"\. Use "unplugin-reflink\/vite"\.$/,
    );
  });

  test('the Farm entry in Vite', async () => {
    const vite = await import('vite');
    const plugins = [farmReflink({}) as never];
    const config = { root: makeProject(), configFile: false, logLevel: 'silent', plugins } as const;
    expect(await messageOf(() => vite.build(config))).toMatch(
      /^unplugin-reflink\/farm works in Farm 1\.7 or newer, and this build runs in Vite\. Use "unplugin-reflink\/vite"\.$/,
    );
  });

  test('the Nuxt entry, called as a plugin', async () => {
    const called = nuxtReflink as unknown as (options: object) => void;
    expect(await messageOf(() => called({ targets: [{ from: 'assets' }] }))).toMatch(
      /^unplugin-reflink\/nuxt is a module of Nuxt.*"modules".*In Vite, use "unplugin-reflink\/vite"\.$/,
    );
  });

  test('the SvelteKit entry, called as a plugin', async () => {
    const called = withReflink as unknown as (options: object) => void;
    for (const options of [{ targets: [{ from: 'assets' }] }, undefined])
      expect(await messageOf(() => called(options as object))).toMatch(
        /^unplugin-reflink\/sveltekit takes an adapter of SvelteKit.*In Vite, use "unplugin-reflink\/vite"\.$/,
      );
  });

  test('the Vite entry in Rollup and in Rolldown', async () => {
    const root = makeProject();
    const bundlers = [
      ['Rollup', 'rollup', await import('rollup')],
      ['Rolldown', 'rolldown', await import('rolldown')],
    ] as const;
    for (const [name, entry, { rollup, rolldown, VERSION }] of bundlers as unknown as [
      string,
      string,
      never,
    ][]) {
      const bundle = (rollup ?? rolldown) as (options: object) => Promise<{ generate(o: object): unknown }>;
      const message = await messageOf(async () => {
        const built = await bundle({ input: join(root, 'main.js'), plugins: vite() });
        await built.generate({});
      });
      expect(message).toContain(
        `unplugin-reflink/vite works in Vite 6, 7 or 8, and this build runs in ${name} ${VERSION}. Use "unplugin-reflink/${entry}".`,
      );
    }
  });
});

describe('the function in the place of the plugin', () => {
  const uncalled =
    /"plugins" has the function instead of the plugin that it makes; call it: plugins: \[reflink\(\)\]/;
  const input = () => join(makeProject({ 'index.html': '' }), 'main.js');

  test.each(['rollup', 'rolldown', 'vite', 'webpack', 'rspack'])('in %s', async (name) => {
    const entry = input();
    const root = dirname(entry);
    const builds: Record<string, () => Promise<unknown>> = {
      rollup: async () => (await import('rollup')).rollup({ input: entry, plugins: [rollup as never] }),
      rolldown: async () => {
        const bundle = await (await import('rolldown')).rolldown({
          input: entry,
          plugins: [rolldown as never],
        });
        return bundle.generate();
      },
      vite: async () =>
        (await import('vite')).build({
          root,
          configFile: false,
          logLevel: 'silent',
          plugins: [vite as never],
        }),
      webpack: async () => (await import('webpack')).default({ context: root, plugins: [webpack as never] }),
      rspack: async () =>
        (await import('@rspack/core')).rspack({ context: root, plugins: [rspackReflink as never] }),
    };
    const message = await messageOf(builds[name]!);
    expect(message).toMatch(uncalled);
    expect(message).toContain(`unplugin-reflink (${name})`);
  });

  // The errors of these bundlers themselves are clear.
  test.each(['esbuild', 'rsbuild'])('in %s', async (name) => {
    const entry = input();
    const builds: Record<string, () => Promise<unknown>> = {
      esbuild: async () =>
        (await import('esbuild')).build({
          entryPoints: [entry],
          logLevel: 'silent',
          plugins: [esbuild as never],
        }),
      rsbuild: async () => {
        const config = { plugins: [rsbuildReflink as never] };
        const { build } = await (await import('@rsbuild/core')).createRsbuild({
          cwd: dirname(entry),
          config,
        });
        return build();
      },
    };
    expect(await messageOf(builds[name]!)).toMatch(/must be an object|to be an object, but got function/);
  });
});

test('the integration for Astro says which Astro it needs', async () => {
  const { 'astro:build:setup': setUp } = astroReflink().hooks;
  // In Astro 5 and older, the build for browsers has a separate config without environments.
  expect(await messageOf(() => setUp({ vite: { build: { outDir: 'dist' } }, updateConfig() {} }))).toMatch(
    /^unplugin-reflink\/astro works in Astro 6 or newer, and this build runs in Astro 5 or older\. Update it/,
  );
});
