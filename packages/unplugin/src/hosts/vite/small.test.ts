import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Options } from '../../options/options.ts';
import { isPlain, isSmall, publicDirectoryOf } from './small.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-small-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each<[plain: boolean, options: Options | undefined]>([
  [true, undefined],
  [true, {}],
  [true, { report: false }],
  [true, { report: 'summary', targets: undefined as never }],
  [false, { report: 'verbose' }],
  [false, { report: () => {} }],
  [false, { reflink: 'auto' }],
  [false, { publicDir: 'public' }],
  [false, { targets: [] }],
])('Vite may copy a small public directory: %j with %o', (plain, options) => {
  expect(isPlain(options)).toBe(plain);
});

test.each<[small: boolean, name: string, make: (directory: string) => void]>([
  [true, 'empty', () => {}],
  [true, '200 entries', (directory) => fill(directory, 199)],
  [false, '201 entries', (directory) => fill(directory, 200)],
  [true, '16 MiB', (directory) => sparse(directory, 16 * 1024 * 1024)],
  [false, 'more than 16 MiB', (directory) => sparse(directory, 16 * 1024 * 1024 + 1)],
  [false, 'a link', (directory) => symlinkSync('nowhere', join(directory, 'link'))],
])('small is %j for a directory with %s', (small, name, make) => {
  const directory = join(root, name);
  mkdirSync(join(directory, 'sub'), { recursive: true });
  make(join(directory, 'sub'));
  expect(isSmall(directory)).toBe(small);
});

test('what is missing or no directory is not small', () => {
  writeFileSync(join(root, 'file'), '');
  const found = [undefined, join(root, 'missing'), join(root, 'file')].map(isSmall);
  expect(found).toEqual([false, false, false]);
});

test('the public directory of a config that is not resolved', () => {
  expect(publicDirectoryOf({ root })).toBe(join(root, 'public'));
  expect(publicDirectoryOf({ root, publicDir: 'static' })).toBe(join(root, 'static'));
  expect(publicDirectoryOf({ root, publicDir: false })).toBeUndefined();
  // Vite uses its default.
  expect(publicDirectoryOf({ root, publicDir: true as never })).toBe(join(root, 'public'));
});

function fill(directory: string, number: number): void {
  for (let index = 0; index < number; index++) writeFileSync(join(directory, `${index}.txt`), '');
}

function sparse(directory: string, size: number): void {
  writeFileSync(join(directory, 'large'), '');
  truncateSync(join(directory, 'large'), size);
}
