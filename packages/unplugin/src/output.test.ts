import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { OutputCopy } from './output.ts';

const made: string[] = [];

afterEach(() => {
  for (const each of made.splice(0)) fs.rmSync(each, { recursive: true, force: true });
});

test('a file that is placed again after each of several bundles counts once', async () => {
  const root = fs.mkdtempSync(path.join(tmpdir(), 'reflink-output-'));
  made.push(root);
  const directory = path.join(root, 'dist');
  for (const name of ['one.js', 'two.js', 'three.js']) {
    fs.mkdirSync(path.join(root, 'ours'), { recursive: true });
    fs.writeFileSync(path.join(root, 'ours', name), name);
  }
  const copy = new OutputCopy({
    directory,
    cacheDirectory: path.join(root, 'cache'),
    publicTargets: [],
    targets: [{ from: path.join(root, 'ours') }],
    empty: false,
    keep: [],
    engine: { entries: true },
  });
  for (const bundle of [['one.js', 'two.js'], ['two.js']]) {
    await copy.giveWay(bundle);
    for (const name of bundle) fs.writeFileSync(path.join(directory, name), 'bundled');
    await copy.placeTargets();
  }
  const { files, bytes, methods, entries } = await copy.report();
  expect({ files, bytes }).toEqual({ files: 3, bytes: 'one.jstwo.jsthree.js'.length });
  expect(Object.values(methods).map((each) => each.files)).toEqual([3]);
  expect(entries!.map(({ destination }) => path.basename(destination)).sort()).toEqual([
    'one.js',
    'three.js',
    'two.js',
  ]);
});
