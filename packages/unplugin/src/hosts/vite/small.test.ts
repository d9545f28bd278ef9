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
import { NAME } from '../../options/name.ts';
import type { Options } from '../../options/options.ts';
import { isPlain, isSmall, leftToVite, publicDirectoryOf } from './small.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-small-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each<[plain: boolean, options: Options | undefined]>([
  [true, undefined],
  [true, null as never],
  [true, {}],
  [true, { targets: undefined as never }],
  [false, { report: 'summary' }],
  [false, { report: false }],
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

const client = { write: true, copyPublicDir: true, emptyOutDir: null, outDir: 'dist', rollupOptions: {} };
const two = [{ dir: 'dist' }, { dir: '../beside' }];

test.each<[left: boolean, what: string, builds: object[], instances?: number]>([
  [true, 'one output', [{}]],
  [true, 'an output outside that is emptied', [{ outDir: '../beside', emptyOutDir: true }]],
  [true, 'an environment without public files', [{}, { copyPublicDir: false }]],
  [true, 'an environment that writes nothing', [{}, { write: false, emptyOutDir: false }]],
  [false, 'no environment with public files', [{ copyPublicDir: false }]],
  [false, 'a watcher', [{ watch: {} }]],
  [false, 'an output outside', [{ outDir: '../beside' }]],
  [false, 'an output whose path begins with that of the project', [{ outDir: `${root}-2` }]],
  [false, 'the project as the output', [{ outDir: '.' }]],
  [false, 'one of two outputs outside', [{ rollupOptions: { output: two } }]],
  [false, 'an output that is not emptied', [{ emptyOutDir: false }]],
  [false, 'an environment whose output is not emptied', [{}, { copyPublicDir: false, emptyOutDir: false }]],
  [false, 'two instances', [{}], 2],
])('left to Vite is %j for %s', (left, _what, builds, instances = 1) => {
  const publicDir = join(root, 'public');
  mkdirSync(publicDir, { recursive: true });
  const environments = Object.fromEntries(
    builds.map((build, index) => [`${index}`, { build: { ...client, ...build } }]),
  );
  const plugins = Array.from({ length: instances }, () => ({ name: NAME }));
  expect(leftToVite({ root, publicDir, environments, plugins } as never)).toBe(left);
});

function fill(directory: string, number: number): void {
  for (let index = 0; index < number; index++) writeFileSync(join(directory, `${index}.txt`), '');
}

function sparse(directory: string, size: number): void {
  writeFileSync(join(directory, 'large'), '');
  truncateSync(join(directory, 'large'), size);
}
