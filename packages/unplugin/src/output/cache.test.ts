import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cacheDirectoryOf, cacheWarning, hashOf, manifestFile, wasCopied } from './cache.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-cache-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test.each([
  ['the option, relative to the project', 'own', undefined, 'own'],
  ['the option, where the bundler has a directory too', 'own', 'vite', 'own'],
  ["the bundler's", undefined, 'vite', 'vite/unplugin-reflink'],
  ['that of the packages', undefined, undefined, 'node_modules/.cache/unplugin-reflink'],
])('records are kept in %s', (_what, cacheDirectory, own, expected) => {
  mkdirSync(join(root, 'node_modules'));
  const found = cacheDirectoryOf({ cacheDirectory }, root, own && join(root, own));
  expect(found).toBe(join(root, expected));
});

test('a project without packages has its records in a directory of the user among the temporary files', () => {
  const found = cacheDirectoryOf({ cacheDirectory: undefined }, root);
  expect(dirname(dirname(found))).toBe(tmpdir());
  expect(found).not.toContain(root);
  expect(cacheDirectoryOf({ cacheDirectory: undefined }, join(root, 'other'))).not.toBe(found);
});

test.each([
  ['a file', 'file', true],
  ['a path below a file', 'file/below', true],
  ['a directory', '.', false],
  ['what is missing', 'missing', false],
])('%s in the place of the cache directory is warned of: %j', (_what, name, warns) => {
  writeFileSync(join(root, 'file'), '');
  const cache = join(root, name);
  expect(cacheWarning(cache) !== undefined).toBe(warns);
  expect(manifestFile(cache, '/dist').startsWith(cache)).toBe(!warns);
});

test('whether something was copied into an output is known by its manifest, if the output is there', () => {
  const output = join(root, 'dist');
  const cache = join(root, 'cache');
  mkdirSync(cache);
  writeFileSync(manifestFile(cache, output), '');
  expect(wasCopied(cache, output)).toBe(false);
  mkdirSync(output);
  expect(wasCopied(cache, output)).toBe(true);
  expect(wasCopied(cache, join(root, 'other'))).toBe(false);
});

test('names made of paths are short, and no two are the same', () => {
  expect(hashOf('/a')).toMatch(/^[0-9a-f]{16}$/);
  expect(hashOf('/a')).not.toBe(hashOf('/b'));
});
