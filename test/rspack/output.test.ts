import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Compiler, type Configuration, rspack } from '@rspack/core';
import type { CopyReport } from 'fs-reflink';
import unified from 'unplugin-reflink';
import reflink from 'unplugin-reflink/rspack';
import { expect, test } from 'vitest';
import { BUNDLE } from '../hosts/cases.ts';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { readTree } from '../support/trees.ts';
import { type Built, close, configOf, outcomeOf, run, runOnce } from './hosts.ts';

const fine: Built = { errors: [], warnings: [], log: [] };

async function build(root: string, config: Configuration = {}): Promise<Built & { reports: CopyReport[] }> {
  const reports: CopyReport[] = [];
  const plugin = reflink({ publicDir: 'static', report: (report) => void reports.push(report) });
  const { plugins = [], ...others } = config;
  const built = await run(rspack(configOf(root, { ...others, plugins: [plugin, ...plugins] })));
  return { ...built, reports };
}

test.each([
  ['true', true, false],
  ['a string to keep', { keep: 'kept/' }, true],
] as const)('output.clean: %s empties the output, but for what is unchanged', async (_name, clean, keeps) => {
  const root = makeProject();
  await pastTick();
  expect((await build(root, { output: { clean } })).reports).toMatchObject([{ files: 13 }]);
  const before = identityOf(join(root, 'dist/plain.txt'));
  for (const name of ['dist/foreign.txt', 'dist/kept/f.txt', 'dist/.git/HEAD']) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), 'of somebody else');
  }
  const { reports, ...outcome } = await build(root, { output: { clean } });
  expect(outcome).toEqual(fine);
  expect(reports).toMatchObject([{ files: 0, unchanged: 13 }]);
  expect(identityOf(join(root, 'dist/plain.txt'))).toBe(before);
  const names = Object.keys(readTree(join(root, 'dist')));
  expect(names).toContain(BUNDLE);
  expect(names).not.toContain('foreign.txt');
  expect(names.includes('kept/f.txt')).toBe(keeps);
  expect(names).toContain('.git/HEAD');
});

test.each([
  ['an expression', { keep: /kept/ }],
  ['a function', { keep: (name: string) => name.includes('kept') }],
])('output.clean with %s to keep is left to Rspack, and all is copied again', async (_name, clean) => {
  const root = makeProject();
  await build(root, { output: { clean } });
  for (const name of ['foreign.txt', 'kept.txt']) writeFileSync(join(root, 'dist', name), 'of somebody else');
  const { reports, ...outcome } = await build(root, { output: { clean } });
  expect(outcome).toEqual(fine);
  expect(reports).toMatchObject([{ files: 13 }]);
  const names = Object.keys(readTree(join(root, 'dist')));
  expect(names).toEqual(expect.arrayContaining([BUNDLE, 'kept.txt', 'plain.txt', 'run.sh']));
  expect(names).not.toContain('foreign.txt');
});

test('a file of the name of a directory of the bundle is an error, and Rspack does not meet it', async () => {
  const root = makeProject({ 'static/assets': 'no directory' });
  const { errors } = await build(root, { output: { filename: 'assets/main.js' } });
  expect(errors).toEqual([
    expect.stringMatching(
      /static\/assets" to ".*dist\/assets": ENOTDIR: the bundle has a directory of this name/,
    ),
  ]);
  expect(readFileSync(join(root, 'dist/assets'), 'utf8')).toBe('no directory');
});

test('a build that fails leaves the output as it was, with output.clean too', async () => {
  const root = makeProject();
  const output = { clean: true };
  await build(root, { output });
  writeFileSync(join(root, 'dist/foreign.txt'), 'of somebody else');
  const before = readTree(join(root, 'dist'));
  writeFileSync(join(root, 'main.js'), 'this is no JavaScript');
  const { errors } = await build(root, { output, optimization: { emitOnErrors: false } });
  expect(errors).not.toEqual([]);
  expect(readTree(join(root, 'dist'))).toEqual(before);
});

test('an output that is a file ends the build with what to do, with output.clean too', async () => {
  const root = makeProject();
  writeFileSync(join(root, 'dist'), 'a file');
  const { errors } = await build(root, { output: { clean: true } });
  expect(errors).toEqual([expect.stringContaining('dist" is not a directory; delete or rename it')]);
});

test('an asset that a plugin adds just before Rspack writes wins over what is public', async () => {
  const root = makeProject();
  const late = {
    apply(compiler: Compiler) {
      const { RawSource } = compiler.webpack.sources;
      compiler.hooks.emit.tap('late', (compilation) =>
        compilation.emitAsset('plain.txt', new RawSource('of another plugin')),
      );
    },
  };
  const { warnings, errors } = await build(root, { plugins: [late] });
  expect(errors).toEqual([]);
  expect(warnings).toEqual([
    "unplugin-reflink: plain.txt is both in the public directory and in the bundle; the bundle's is kept",
  ]);
  expect(readFileSync(join(root, 'dist/plain.txt'), 'utf8')).toBe('of another plugin');
});

test.each([false, true])(
  'if a plugin empties the output in the hook "emit", all files are copied afterwards; output.clean: %s',
  async (clean) => {
    const root = makeProject();
    const dist = join(root, 'dist');
    const emptying = {
      apply(compiler: Compiler) {
        compiler.hooks.emit.tap('emptying', () => {
          rmSync(dist, { recursive: true, force: true });
          mkdirSync(dist);
          writeFileSync(join(dist, 'of-plugin.txt'), 'written in the hook');
        });
      },
    };
    for (let run = 0; run < 2; run++) {
      if (run === 1) writeFileSync(join(dist, 'foreign.txt'), 'of somebody else');
      const { reports, ...outcome } = await build(root, { plugins: [emptying], output: { clean } });
      expect(outcome).toEqual(fine);
      expect(reports).toMatchObject([{ files: 13 }]);
      const names = Object.keys(readTree(dist));
      expect(names).toEqual(expect.arrayContaining([BUNDLE, 'of-plugin.txt', 'plain.txt', 'run.sh']));
      expect(names).not.toContain('foreign.txt');
    }
  },
);

test.each([BUNDLE, 'plain.txt'])(
  'output.clean deletes a directory with the name of a new file: %s',
  async (name) => {
    const root = makeProject({}, { [`${name}/old.txt`]: 'of somebody else' });
    const { reports, ...outcome } = await build(root, { output: { clean: true } });
    expect(outcome).toEqual(fine);
    expect(reports).toMatchObject([{ files: 13 }]);
    expect(readTree(join(root, 'dist'))).toMatchObject({
      [BUNDLE]: { type: 'file' },
      'plain.txt': { type: 'file' },
    });
  },
);

test('no plugin finds a directory any more that output.clean deletes', async () => {
  const root = makeProject({}, { 'old/old.txt': 'of somebody else' });
  const found: boolean[] = [];
  const looking = {
    apply({ hooks }: Compiler) {
      hooks.emit.tap('looking', () => void found.push(existsSync(join(root, 'dist/old'))));
    },
  };
  const { reports: _, ...outcome } = await build(root, { plugins: [looking], output: { clean: true } });
  expect(outcome).toEqual(fine);
  expect(found).toEqual([false]);
});

test('output.clean leaves what another plugin writes in the hook "emit"', async () => {
  const root = makeProject({ 'dist/of-plugin.txt': 'of the build before', 'dist/foreign.txt': 'foreign' });
  const writing = {
    apply(compiler: Compiler) {
      compiler.hooks.emit.tap('writing', () => writeFileSync(join(root, 'dist/of-plugin.txt'), 'new'));
    },
  };
  const { reports, ...outcome } = await build(root, { plugins: [writing], output: { clean: true } });
  expect(outcome).toEqual(fine);
  expect(reports).toMatchObject([{ files: 13 }]);
  expect(readFileSync(join(root, 'dist/of-plugin.txt'), 'utf8')).toBe('new');
  expect(existsSync(join(root, 'dist/foreign.txt'))).toBe(false);
});

test('all is in place for whoever looks after the bundle was written, and nothing is an asset', async () => {
  const root = makeProject();
  const seen: boolean[] = [];
  const assets: string[] = [];
  const looking = {
    apply(compiler: Compiler) {
      compiler.hooks.afterEmit.tap('looking', (compilation) => {
        seen.push(existsSync(join(root, 'dist/plain.txt')), existsSync(join(root, 'dist', BUNDLE)));
        assets.push(...Object.keys(compilation.assets));
      });
    },
  };
  expect((await build(root, { plugins: [looking] })).errors).toEqual([]);
  expect(seen).toEqual([true, true]);
  expect(assets).toEqual([BUNDLE]);
});

test('one compiler that runs several times', async () => {
  const root = makeProject({ [`static/${BUNDLE}`]: 'public' });
  await pastTick();
  const reports: CopyReport[] = [];
  const plugin = reflink({ publicDir: 'static', report: (report) => void reports.push(report) });
  const compiler = rspack(configOf(root, { plugins: [plugin], output: { clean: true } }));
  for (let count = 0; count < 3; count++) {
    expect(outcomeOf(await runOnce(compiler)).errors).toEqual([]);
    expect(readFileSync(join(root, 'dist', BUNDLE), 'utf8')).toContain('bundled');
  }
  await close(compiler);
  expect(reports).toMatchObject([{ files: 13 }, { unchanged: 13 }, { unchanged: 13 }]);
});

test('several compilers that share an output', async () => {
  const root = makeProject({ 'other.js': 'console.log("other")', 'static/other.bundle.js': 'public' });
  const config = (name: string, publicDir: string) => ({
    ...configOf(root, { name, plugins: [reflink({ publicDir, report: false })] }),
    entry: join(root, `${name}.js`),
    output: { path: join(root, 'dist'), filename: `${name}.bundle.js` },
  });
  for (let count = 0; count < 2; count++) {
    const compiler = rspack([config('main', 'static'), config('other', 'more')]);
    const stats = await new Promise<{ hasErrors(): boolean }>((resolve, reject) => {
      compiler.run((error, stats) => (error ? reject(error) : resolve(stats!)));
    });
    await new Promise((resolve) => compiler.close(resolve));
    expect(stats.hasErrors()).toBe(false);
    const names = Object.keys(readTree(join(root, 'dist')));
    expect(names).toEqual(
      expect.arrayContaining(['main.bundle.js', 'other.bundle.js', 'plain.txt', 'extra.txt']),
    );
    expect(readFileSync(join(root, 'dist/other.bundle.js'), 'utf8')).toContain('console.log');
  }
});

test('the plugin of all hosts', async () => {
  const root = makeProject();
  const plugins = [unified.rspack({ publicDir: 'static', report: 'summary' })];
  const { errors, warnings, log } = await run(rspack(configOf(root, { plugins })));
  expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
  expect(log).toEqual([expect.stringMatching(/^public → dist: 13 copied in /)]);
  expect(readFileSync(join(root, 'dist/plain.txt'), 'utf8')).toBe('plain');
});
