import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AssetSelection, stateOf } from './selection.ts';

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-[selection]-')));
  mkdirSync(join(root, 'fonts'));
  writeFileSync(join(root, 'large.bin'), 'x'.repeat(100));
  writeFileSync(join(root, 'small.bin'), 'x');
  symlinkSync('large.bin', join(root, 'link.bin'));
  utimesSync(join(root, 'small.bin'), 1_000_000_000, 1_000_000_000);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each<[include: string | undefined, exclude: string[], file: string, matches: boolean]>([
  ['**/*.bin', [], 'a.bin', true],
  ['**/*.bin', [], '/elsewhere/a.bin', true],
  ['*.bin', [], 'a.bin', true],
  ['*.bin', [], 'deep/a.bin', false],
  ['*.bin', [], '/elsewhere/a.bin', false],
  ['fonts/**', [], 'fonts/deep/a.woff2', true],
  ['fonts/**', ['fonts/deep/**'], 'fonts/deep/a.woff2', false],
  ['/elsewhere/*.bin', [], '/elsewhere/a.bin', true],
  ['**/*', [], 'module.ts', false],
  ['**/*', [], 'style.css', false],
  [undefined, [], 'deep/a.woff2', true],
  [undefined, [], '/elsewhere/A.MP4', true],
  [undefined, [], 'a.mp4.png', false],
  [undefined, [], 'mp4', false],
  [undefined, ['deep/**'], 'deep/a.woff2', false],
])('include %j, exclude %j has %j: %j', (include, exclude, file, matches) => {
  const selection = new AssetSelection(
    { include: include === undefined ? undefined : [include], exclude, minSize: 0 },
    root,
  );
  expect(selection.matches(file.startsWith('/') ? file : join(root, file))).toBe(matches);
});

test('small files are left to the bundler, and a link is as large as what it leads to', () => {
  const selection = new AssetSelection({ include: ['**/*.bin'], exclude: [], minSize: 10 }, root);
  expect(selection.find(join(root, 'small.bin'))).toBeUndefined();
  expect(selection.find(join(root, 'missing.bin'))).toBeUndefined();
  const large = selection.find(join(root, 'large.bin'))!;
  expect(large).toMatchObject({ file: join(root, 'large.bin'), size: 100 });
  expect(selection.find(join(root, 'link.bin'))).toEqual(large);
});

test('the state of a file differs once its content may; a directory has none', () => {
  const file = join(root, 'changing.bin');
  writeFileSync(file, 'a');
  const before = stateOf(file)!;
  writeFileSync(file, 'bc');
  expect(stateOf(file)!.state.key).not.toBe(before.state.key);
  expect(stateOf(join(root, 'fonts'))).toBeUndefined();
});
