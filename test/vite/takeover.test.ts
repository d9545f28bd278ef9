import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { directory, file, readTree, symlink, type TreeSpec } from '../support/trees.ts';
import {
  type BuildSetup,
  build,
  copied,
  describeVites,
  LONG_AGO,
  manyFiles,
  mtimeOf,
  project,
} from './support.ts';

const everyKind: TreeSpec = {
  'public/plain.txt': 'plain',
  'public/.dotfile': 'dot',
  'public/.well-known/security.txt': 'contact',
  'public/dir (86)/a b.txt': 'spaces',
  'public/[(){}[]!+@escaped]/[slug].js': 'globs',
  'public/ünïcödé/日本語 🎉.txt': 'names',
  'public/empty.bin': '',
  'public/run.sh': file('#!/bin/sh\n', { mode: 0o755 }),
  'public/read-only.txt': file('keep out', { mode: 0o444 }),
  'public/empty': directory(),
  'public/deep/er/empty': directory(),
  'public/large.bin': Buffer.alloc(300_000, 'large'),
  'public/linked.txt': symlink('plain.txt'),
  'public/linked-dir': symlink('../outside'),
  'outside/inside.txt': 'behind a link',
  'outside/sub/more.txt': 'further behind',
};

describeVites((host) => {
  test.each([
    ['inline', everyKind],
    ['in worker threads', { ...everyKind, ...manyFiles }],
  ])('the output is the same as without the plugin, %s', async (_how, spec) => {
    const root = project(spec);
    const without = await build(host, root, { options: false, config: { build: { outDir: 'without' } } });
    const built = await build(host, root);

    expect(without.copiedByVite).toContain('public/plain.txt');
    expect(built.copiedByVite).toEqual([]);
    const expected = readTree(join(root, 'without'));
    const got = readTree(join(root, 'dist'));
    const comparable = (tree: typeof got) =>
      Object.entries(tree).map(([path, { type, mode, sha256 }]) => [path, type, mode.toString(8), sha256]);
    expect(comparable(got)).toEqual(comparable(expected));
    expect(Object.keys(got)).toContain('linked-dir/sub/more.txt');

    const files = copied(join(root, 'dist')).filter((path) => got[path]!.type === 'file');
    expect(built.report.files).toBe(files.length);
    expect(built.report.bytes).toBe(files.reduce((sum, path) => sum + got[path]!.size!, 0));
    const methods = Object.values(built.report.methods);
    expect(methods.reduce((sum, { files }) => sum + files, 0)).toBe(files.length);
    expect(Object.keys(built.report.methods)).not.toContain('node_fs');
    for (const path of files.filter((path) => !path.startsWith('linked-dir'))) {
      expect(mtimeOf(join(root, 'dist', path)), path).toEqual(LONG_AGO);
    }
  });

  const untouched: [name: string, setup: BuildSetup & { spec?: TreeSpec }][] = [
    ['copyPublicDir: false', { config: { build: { copyPublicDir: false } } }],
    ['publicDir: false', { config: { publicDir: false } }],
    ["publicDir: ''", { config: { publicDir: '' } }],
    ['a public directory that does not exist', { config: { publicDir: 'nowhere' } }],
    ['another environment only', { options: { vite: { environments: ['ssr'] } }, config: { build: {} } }],
    ['build.write: false', { config: { build: { write: false } } }],
  ];
  test.each(untouched)('%s is respected', async (name, setup) => {
    const root = project({ 'public/a.txt': 'a', 'dist/old.txt': 'old' });
    const built = await build(host, root, setup);
    expect(built.reports).toEqual([]);
    const isOther = name.includes('environment');
    expect(built.copiedByVite).toEqual(isOther ? ['public/a.txt'] : []);
    expect(existsSync(join(root, 'dist/a.txt'))).toBe(isOther);
    // Vite still empties the output, if it writes to it.
    expect(existsSync(join(root, 'dist/old.txt'))).toBe(setup.config?.build?.write === false);
  });

  test('another public directory', async () => {
    const root = project({ 'public/a.txt': 'a', 'static/b.txt': 'b' });
    const built = await build(host, root, { config: { publicDir: 'static' } });
    expect(copied(join(root, 'dist'))).toEqual(['b.txt']);
    expect(built.report.files).toBe(1);
    expect(built.copiedByVite).toEqual([]);
  });

  test('an empty public directory', async () => {
    const root = project({ public: directory(), 'dist/old.txt': 'old' });
    const built = await build(host, root);
    expect(built.report).toMatchObject({ files: 0, pruned: 1 });
    expect(copied(join(root, 'dist'))).toEqual([]);
  });

  test('a module imports a public file by its URL', async () => {
    const root = project({
      'public/a.svg': '<svg/>',
      'main.js': 'import url from "/a.svg"; console.log(url)',
    });
    await build(host, root);
    expect(readFileSync(join(root, 'dist/a.svg'), 'utf8')).toBe('<svg/>');
  });
});
