import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { file, symlink, type TreeSpec } from '../support/trees.ts';
import {
  build,
  bundled,
  copied,
  describeVites,
  identityOf,
  LONG_AGO,
  manyFiles,
  mtimeOf,
  project,
  writeOld,
} from './support.ts';

const few: TreeSpec = {
  'public/same.txt': 'same',
  'public/deep/same.sh': file('#!/bin/sh', { mode: 0o755 }),
  'public/empty.txt': '',
  'public/linked.txt': symlink('same.txt'),
  'public/changed.txt': 'before',
  'public/deleted/deleted.txt': 'deleted',
};
const unchanged = ['same.txt', 'deep/same.sh', 'empty.txt', 'linked.txt'];

describeVites((host) => {
  test.each([
    ['few', few],
    ['many', { ...few, ...manyFiles }],
  ])('an unchanged file is neither deleted nor copied, %s files', async (_name, spec) => {
    const root = project(spec);
    const at = (path: string) => join(root, 'dist', path);
    await pastTick();
    const first = await build(host, root);
    const files = Object.keys(spec).length;
    expect(first.report).toMatchObject({ files, unchanged: 0, pruned: 0 });
    const identities = unchanged.map((path) => identityOf(at(path)));
    const [hashed] = bundled(at('.'));

    writeFileSync(join(root, 'public/changed.txt'), 'after!');
    utimesSync(join(root, 'public/changed.txt'), LONG_AGO, LONG_AGO);
    writeFileSync(join(root, 'public/added.txt'), 'added');
    rmSync(join(root, 'public/deleted'), { recursive: true });
    writeFileSync(join(root, 'main.js'), 'console.log("another page")');
    writeOld(root, { 'stale.txt': 'stale', 'stale/deep.txt': 'stale' });
    await pastTick();
    const second = await build(host, root);

    expect(second.copiedByVite).toEqual([]);
    expect(second.report).toMatchObject({ files: 2, unchanged: files - 2 });
    expect(unchanged.map((path) => identityOf(at(path)))).toEqual(identities);
    expect(readFileSync(at('changed.txt'), 'utf8')).toBe('after!');
    expect(readFileSync(at('added.txt'), 'utf8')).toBe('added');
    expect(copied(at('.')).filter((path) => /deleted|stale/.test(path))).toEqual([]);
    expect(bundled(at('.'))).toHaveLength(1);
    expect(bundled(at('.'))).not.toContain(hashed);
    expect(existsSync(at('index.html'))).toBe(true);

    const third = await build(host, root);
    expect(third.report).toMatchObject({ files: 0, unchanged: files, methods: {} });
    expect(unchanged.map((path) => identityOf(at(path)))).toEqual(identities);
  });

  test('without emptyOutDir only what we copied is deleted', async () => {
    const root = project(few);
    const at = (path: string) => join(root, 'dist', path);
    const config = { build: { emptyOutDir: false } };
    writeOld(root, { 'foreign.txt': 'foreign', 'deleted/foreign.txt': 'foreign' });
    await pastTick();
    await build(host, root, { config });
    const identities = unchanged.map((path) => identityOf(at(path)));
    const before = bundled(at('.'));
    rmSync(join(root, 'public/deleted'), { recursive: true });
    writeFileSync(join(root, 'main.js'), 'console.log("another page")');
    const { report } = await build(host, root, { config });
    expect(report).toMatchObject({ files: 0, unchanged: 5, pruned: 1 });
    expect(unchanged.map((path) => identityOf(at(path)))).toEqual(identities);
    expect(existsSync(at('deleted/deleted.txt'))).toBe(false);
    expect(existsSync(at('deleted/foreign.txt'))).toBe(true);
    expect(existsSync(at('foreign.txt'))).toBe(true);
    expect(bundled(at('.'))).toEqual(expect.arrayContaining(before));
    expect(bundled(at('.'))).toHaveLength(2);
  });

  const repaired: [name: string, harm: (root: string) => void, files: number][] = [
    [
      'an output file that was rewritten in place',
      (root) => writeFileSync(join(root, 'dist/same.txt'), 'mine'),
      1,
    ],
    ['an output file that was deleted', (root) => rmSync(join(root, 'dist/same.txt')), 1],
    ['an output that was deleted', (root) => rmSync(join(root, 'dist'), { recursive: true }), 6],
    ['a cache that was deleted', (root) => rmSync(join(root, 'node_modules'), { recursive: true }), 6],
  ];
  test.each(repaired)('%s is made good, and the source is as it was', async (_name, harm, files) => {
    const root = project(few);
    await pastTick();
    await build(host, root);
    harm(root);
    const { report } = await build(host, root);
    expect(report.files).toBe(files);
    expect(readFileSync(join(root, 'dist/same.txt'), 'utf8')).toBe('same');
    expect(readFileSync(join(root, 'public/same.txt'), 'utf8')).toBe('same');
    expect(mtimeOf(join(root, 'dist/same.txt'))).toEqual(LONG_AGO);
  });
});
