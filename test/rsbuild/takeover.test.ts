import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RsbuildConfig } from '@rsbuild/core';
import reflink from 'unplugin-reflink/rsbuild';
import { afterEach, expect, test } from 'vitest';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { readTree } from '../support/trees.ts';
import { build, reporting, rsbuildOf } from './hosts.ts';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const copy: NonNullable<RsbuildConfig['output']>['copy'] = [
  { from: 'assets', to: 'a', info: { minimized: true } },
  { from: 'more/*.md', transform: (content) => content.toString().toUpperCase() },
];

test('output.copy: the engine copies what it can, and Rsbuild the rest', async () => {
  const root = makeProject();
  await pastTick();
  const outcome = async (foreign: boolean) => {
    if (foreign) {
      mkdirSync(join(root, 'dist/old'));
      writeFileSync(join(root, 'dist/old/foreign.txt'), 'of somebody else');
    }
    const { plugin, reports } = reporting({ rspack: { takeOver: true } });
    const said = await build(root, { output: { copy, cleanDistPath: true }, plugins: [plugin] });
    return { ...said, reports };
  };
  const first = await outcome(false);
  expect(first).toMatchObject({ errors: [], warnings: [], reports: [{ files: 4 }] });
  expect(first.log).toEqual([
    expect.stringMatching(
      /CopyRspackPlugin keeps its pattern "more\/\*\.md": "transform", which is a function/,
    ),
  ]);
  expect(Object.keys(first.reports[0]!.methods)).toEqual([
    expect.stringMatching(/^(ficlone|copy_file_range|read_write)$/),
  ]);
  const copied = readTree(join(root, 'dist'));
  expect(copied['a/sub/c.txt']).toEqual(readTree(root)['assets/sub/c.txt']);
  expect(copied['more/notes.md']).toMatchObject({ size: 5 });
  const before = identityOf(join(root, 'dist/a/b.md'));
  // Unchanged files stay, although the output is emptied.
  expect(await outcome(true)).toMatchObject({ errors: [], reports: [{ files: 0, unchanged: 4 }] });
  expect(identityOf(join(root, 'dist/a/b.md'))).toBe(before);
  expect(existsSync(join(root, 'dist/old'))).toBe(false);
});

test('where Rsbuild keeps all of output.copy its output is emptied too', async () => {
  const root = makeProject();
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'dist/foreign.txt'), 'of somebody else');
  const said = await build(root, {
    output: { copy: copy.slice(1), cleanDistPath: true },
    plugins: [reflink({ rspack: { takeOver: true } })],
  });
  expect(said).toMatchObject({ errors: [], warnings: [] });
  const names = Object.keys(readTree(join(root, 'dist')));
  expect([names.includes('foreign.txt'), names.includes('more/notes.md')]).toEqual([false, true]);
});

test('the development server answers with the sources of output.copy', async () => {
  const root = makeProject();
  const rsbuild = await rsbuildOf(root, {
    mode: 'development',
    output: { copy },
    server: { host: '127.0.0.1', port: 0, printUrls: false },
    plugins: [reflink({ rspack: { takeOver: true } })],
  });
  const built = new Promise<void>((resolve) => rsbuild.onAfterDevCompile(() => resolve()));
  const { port, server } = await rsbuild.startDevServer();
  closing.push(() => server.close());
  await built;
  const at = async (name: string) => (await fetch(`http://127.0.0.1:${port}/${name}`)).text();
  expect([await at('a/sub/c.txt'), await at('more/notes.md')]).toEqual(['c', 'NOTES']);
  // The server reads the sources, and not copies from when it was started.
  writeFileSync(join(root, 'assets/sub/c.txt'), 'changed');
  expect(await at('a/sub/c.txt')).toBe('changed');
});
