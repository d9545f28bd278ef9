import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolveOptions } from '../options/resolve-options.ts';
import { ServedFiles, type ServedOutput } from './files.ts';

let root: string;
let said: string[];
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-served-')));
  said = [];
  for (const name of [
    'public/index.html',
    'public/about.html',
    'public/a.txt',
    'assets/a.txt',
    'assets/b.txt',
  ]) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), '');
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function served(targets: Partial<ServedOutput['targets']>, more: Partial<ServedOutput> = {}): ServedFiles {
  const output = {
    root,
    outDir: join(root, 'dist'),
    targets: { publicTargets: [], targets: [], ...targets },
    ...more,
  };
  const say = (message: string) => void said.push(message);
  return new ServedFiles(output, resolveOptions({}, 'vite'), { info: say, warn: say, error: say });
}
const publicTargets = () => [{ from: join(root, 'public'), to: '.' }];
const assets = (more: object = {}) => [{ from: join(root, 'assets'), to: '.', ...more }];

test.each([
  ['a.txt', true, 'public/a.txt'],
  ['', true, 'public/index.html'],
  ['about', true, 'public/about.html'],
  ['', false, undefined],
  ['about', false, undefined],
  ['about.html', false, 'public/about.html'],
  ['missing', true, undefined],
  ['../assets/b.txt', true, undefined],
])('for %j, where pages have short names: %j, is found %j', async (name, findsPublicPages, source) => {
  const files = served({ publicTargets: publicTargets() }, { findsPublicPages });
  await files.refresh();
  expect(files.find(name)?.source).toBe(source && join(root, source));
});

test.each<[what: string, more: object, source: string, warning: RegExp]>([
  ['a target', {}, 'assets/a.txt', /a\.txt is both .*; the target's is kept/],
  [
    'a public directory, where the target has overwrite: false',
    { overwrite: false },
    'public/a.txt',
    /the public directory's is kept/,
  ],
  [
    "a public directory, where the target has overwrite: 'error', with an error",
    { overwrite: 'error' },
    'public/a.txt',
    /EEXIST.*the public directory has a file/,
  ],
])('of two files of one name is served that of %s', async (_what, more, source, warning) => {
  const files = served({ publicTargets: publicTargets(), targets: assets(more) });
  await files.refresh();
  expect(files.find('a.txt')?.source).toBe(join(root, source));
  expect(said).toEqual([expect.stringMatching(warning)]);
});

test('files that came are found once they have been looked for again', async () => {
  let asked = 0;
  const files = served({ targets: assets({ filter: () => Boolean(++asked) }) });
  await files.refresh();
  writeFileSync(join(root, 'assets/new.txt'), '');
  await files.refresh();
  expect(files.find('new.txt')).toBeUndefined();
  files.invalidate();
  // Two calls at the same time cause one scan.
  await Promise.all([files.refresh(), files.refresh()]);
  expect(files.find('new.txt')).toMatchObject({ name: 'new.txt', below: 'new.txt' });
  expect(files.isCopied(join(root, 'assets/new.txt'))).toBe(true);
  expect(files.all()).toHaveLength(3);
  expect(asked).toBe(2 + 3);
});

test('what comes while files are looked for is looked for again by who asks then', async () => {
  let looks = 0;
  const files = served({ targets: assets({ filter: async () => Boolean(++looks) }) });
  const first = files.refresh();
  await new Promise((resolve) => setImmediate(resolve));
  files.invalidate();
  writeFileSync(join(root, 'assets/late.txt'), '');
  await files.refresh();
  expect(files.find('late.txt')).toBeDefined();
  await first;
  expect(looks).toBe(5);
});

test('a target that is wrong is said to be so, once, and takes nothing away from the others', async () => {
  const files = served({ targets: [{ from: join(root, 'missing') }, ...assets()] });
  for (let count = 0; count < 2; count++) {
    files.invalidate();
    await files.refresh();
  }
  expect(said).toEqual([expect.stringContaining('ENOENT')]);
  expect(files.find('b.txt')).toBeDefined();
});

test('a link that is kept leads where it would in the output, and nowhere else', async () => {
  symlinkSync('a.txt', join(root, 'assets/link'));
  symlinkSync('/etc/passwd', join(root, 'assets/out'));
  symlinkSync('loop', join(root, 'assets/loop'));
  const files = served({ targets: assets({ symlinks: 'keep' }) });
  await files.refresh();
  expect(files.find('link')?.source).toBe(join(root, 'assets/a.txt'));
  expect(files.find('out')).toBeUndefined();
  expect(files.find('loop')).toBeUndefined();
});
