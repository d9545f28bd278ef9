import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { boot } from './boot.ts';
import { manifestFile } from './cache.ts';

let root: string;
const started = vi.fn();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'reflink-boot-'));
  process.on('worker', started);
});
afterEach(() => {
  process.off('worker', started);
  started.mockReset();
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

function prepared(files: number) {
  mkdirSync(join(root, 'public'));
  for (let file = 0; file < files; file++) writeFileSync(join(root, 'public', `${file}`), '');
  // Where many builds run: then the public directory lies in what is copied to by default.
  vi.spyOn(process, 'cwd').mockReturnValue(root);
  const targets = { publicTargets: [{ from: join(root, 'public'), to: '.' }], targets: [] };
  const cacheDirectory = join(root, 'cache');
  return (directory: string | undefined) =>
    boot(targets, { directory, cacheDirectory, engine: { concurrency: 2 } });
}

test.each([
  ['a directory', 'dist'],
  ['a directory that is not known yet', undefined],
])('threads boot for many files, to %s, and end when they are let go', async (_what, name) => {
  const booting = prepared(40)(name && join(root, name));
  expect(await booting.isLarge).toBe(true);
  await booting.end();
  expect(started).toHaveBeenCalledTimes(2);
});

test.each([
  ['few files', 3, () => {}],
  [
    'many files that were placed there before',
    40,
    () => {
      const file = manifestFile(join(root, 'cache'), join(root, 'dist'));
      mkdirSync(join(root, 'cache'));
      writeFileSync(file, '');
      mkdirSync(join(root, 'dist'));
    },
  ],
])('none boots for %s', async (_what, files, prepare) => {
  const start = prepared(files);
  prepare();
  for (const directory of [join(root, 'dist'), undefined]) {
    const booting = start(directory);
    expect(await booting.isLarge).toBe(false);
    await booting.end();
  }
  expect(started).not.toHaveBeenCalled();
});

test('what is wrong with the targets is left to the copy', async () => {
  const booting = prepared(40)(join(root, 'public/dist'));
  expect(await booting.isLarge).toBe(false);
  await booting.end();
});
