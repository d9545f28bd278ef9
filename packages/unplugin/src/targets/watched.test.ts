import fs, { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedPart } from 'fs-reflink/host';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { watchedPaths } from './watched.ts';

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-watched-')));
  for (const name of ['public/deep', 'app/dist', 'app/node_modules', 'app/src', 'odd[1]/in', 'repo/.git'])
    mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'app/file.txt'), '');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each([
  ['public', 'public'],
  ['public/**/*.png', 'public'],
  ['public/deep/{a,b}', 'public/deep'],
  ['missing/a.txt', 'missing/a.txt'],
  ['odd[1]/in/*', 'odd[1]/in'],
  ['odd[1]/!(a)', 'odd[1]'],
])('of %j the part that is no pattern is %j', (from, part) =>
  expect(fixedPart(join(root, from))).toBe(join(root, part)),
);

test.each<[what: string, from: string | string[], watched: string[]]>([
  ['a directory', 'public', ['public']],
  ['a glob', 'public/*.png', ['public']],
  ['an array, without what is negated', ['public', '!app'], ['public']],
  ['what is missing, with the directory it will be in', 'public/new/a.txt', ['public/new/a.txt', 'public']],
  ['what is below a file, with that file', 'app/file.txt/a', ['app/file.txt/a', 'app/file.txt']],
  [
    'a directory that holds the output and packages, as its other entries',
    'app',
    ['app/file.txt', 'app/src'],
  ],
  ['a repository, as its other entries', 'repo', []],
])('watched is %s', (_what, from, watched) => {
  const full = (each: string) => (each.startsWith('!') ? `!${join(root, each.slice(1))}` : join(root, each));
  const target = { from: typeof from === 'string' ? full(from) : from.map(full) };
  const outputs = new Set([join(root, 'app/dist')]);
  const found = watchedPaths({ publicTargets: [], targets: [target] }, outputs);
  expect(found.sort()).toEqual(watched.map((each) => join(root, each)).sort());
});

test('of a source on a drive that does not exist, the search for its directory ends', () => {
  let asked = 0;
  // A search that does not end by itself ends here.
  const exists = vi.spyOn(fs, 'existsSync').mockImplementation(() => ++asked > 100);
  onTestFinished(() => exists.mockRestore());
  const from = join(root, 'missing');
  expect(watchedPaths({ publicTargets: [], targets: [{ from }] }, new Set())).toContain(from);
  expect(asked).toBeLessThan(100);
});
