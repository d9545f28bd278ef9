import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCompiler, createDevServer, type JsPlugin, Logger, resolveConfig } from '@farmfe/core';
import type { CopyReport } from 'fs-reflink';
import unified from 'unplugin-reflink';
import reflink from 'unplugin-reflink/farm';
import { expect, test } from 'vitest';
import { BUNDLE } from '../hosts/cases.ts';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { directory, readTree } from '../support/trees.ts';
import { type Built, build, configOf } from './hosts.ts';

const fine: Built = { errors: [], warnings: [], log: [] };
const cleaning = { output: { clean: true } };

test('output.clean empties the output, but for what is unchanged', async () => {
  const root = makeProject();
  await pastTick();
  const reports: CopyReport[] = [];
  const plugin = () => reflink({ publicDir: 'static', report: (report) => void reports.push(report) });
  expect(await build(root, { compilation: cleaning, plugins: [plugin()] })).toEqual(fine);
  const before = identityOf(join(root, 'dist/plain.txt'));
  mkdirSync(join(root, 'dist/foreign'));
  writeFileSync(join(root, 'dist/foreign/f.txt'), 'of somebody else');
  rmSync(join(root, 'static/zero'));
  expect(await build(root, { compilation: cleaning, plugins: [plugin()] })).toEqual(fine);
  expect(reports).toMatchObject([{ files: 13 }, { files: 0, unchanged: 12 }]);
  expect(identityOf(join(root, 'dist/plain.txt'))).toBe(before);
  const names = Object.keys(readTree(join(root, 'dist')));
  expect(names).toContain(BUNDLE);
  expect(names.filter((name) => /foreign|zero/.test(name))).toEqual([]);
});

test('with output.clean each build has the empty directories of the public directory, and no others', async () => {
  const root = makeProject({ 'static/empty/below': directory() });
  const plugins = () => [reflink({ publicDir: 'static', report: false })];
  await build(root, { compilation: cleaning, plugins: plugins() });
  mkdirSync(join(root, 'dist/old/below'), { recursive: true });
  for (let run = 0; run < 2; run++) {
    expect(await build(root, { compilation: cleaning, plugins: plugins() })).toEqual(fine);
    const names = Object.keys(readTree(join(root, 'dist')));
    expect(names.filter((name) => /empty|old/.test(name))).toEqual(['empty', 'empty/below']);
  }
});

test('a build that fails leaves the output as it was, with output.clean too', async () => {
  const root = makeProject();
  const plugins = () => [reflink({ publicDir: 'static', report: false })];
  await build(root, { compilation: cleaning, plugins: plugins() });
  const before = readTree(join(root, 'dist'));
  writeFileSync(join(root, 'main.js'), 'this is no JavaScript');
  expect((await build(root, { compilation: cleaning, plugins: plugins() })).errors).not.toEqual([]);
  expect(readTree(join(root, 'dist'))).toEqual(before);
});

test("the bundle is written once, and all is in place before any plugin's writeResources", async () => {
  const root = makeProject();
  const seen: boolean[] = [];
  const looking: JsPlugin = {
    name: 'looking',
    writeResources: {
      executor: () =>
        void seen.push(...['plain.txt', BUNDLE].map((name) => existsSync(join(root, 'dist', name)))),
    },
  };
  const plugins = [looking, reflink({ publicDir: 'static', report: false })];
  expect(await build(root, { plugins })).toEqual(fine);
  expect(seen).toEqual([true, true]);
});

test("Farm's own public directory stays Farm's", async () => {
  const root = makeProject({ 'public/p.txt': 'public' });
  const plugins = [reflink({ targets: [{ from: 'assets/a.txt' }], report: false })];
  for (let count = 0; count < 2; count++) {
    // Farm copies its public directory to a path that is relative to the working directory.
    const compilation = { output: { clean: true, path: join(root, 'dist') } };
    expect(await build(root, { compilation, plugins })).toEqual(fine);
    expect(Object.keys(readTree(join(root, 'dist'))).sort()).toEqual(['a.txt', BUNDLE, 'p.txt']);
  }
});

test('a development server, which has its output in memory, is warned of', async () => {
  const root = makeProject();
  const warnings: string[] = [];
  const logger = new Logger();
  logger.warn = (message) => void warnings.push(message);
  logger.info = () => {};
  const plugins = [reflink({ targets: [{ from: 'assets', to: 'x' }] })];
  const config = await resolveConfig(
    { ...configOf(root, { plugins, server: { hmr: false, port: 0 } }), configFile: false } as never,
    'development',
    logger,
  );
  const compiler = await createCompiler(config, logger);
  const server = await createDevServer(compiler, config, logger);
  try {
    // Farm's types do not declare the method.
    await (server as unknown as { compile(): Promise<void> }).compile();
  } finally {
    await server.close();
  }
  expect(warnings.filter((each) => each.includes('unplugin-reflink'))).toEqual([
    expect.stringMatching(
      /^unplugin-reflink: nothing is copied for the target "assets" \(to "x"\), because Farm's development server has its output in memory.*server\.writeToDisk/,
    ),
  ]);
  expect(existsSync(join(root, 'dist'))).toBe(false);
});

test('the plugin of all hosts', async () => {
  const root = makeProject();
  const plugins = [unified.farm({ publicDir: 'static', report: 'summary' })].flat();
  const { log, ...others } = await build(root, { plugins });
  expect(others).toEqual({ errors: [], warnings: [] });
  expect(log).toEqual([expect.stringMatching(/^unplugin-reflink: public → dist: 13 copied in /)]);
  expect(readFileSync(join(root, 'dist/plain.txt'), 'utf8')).toBe('plain');
});
