import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PluginOption } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Options } from '../../options/options.ts';
import { resolveOptions } from '../../options/resolve-options.ts';
import { PUBLIC_NAME } from './names.ts';
import { publicDirOf } from './public-directory.ts';

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-public-')));
  for (const name of ['static', 'brand']) mkdirSync(join(root, name));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each<[publicDir: Options['publicDir'], found: string | undefined]>([
  ['static', 'static'],
  [[{ dir: 'brand', to: 'brand' }, 'static'], 'static'],
  [{ dir: 'static', to: './' }, 'static'],
  [{ dir: 'static', to: 'below' }, undefined],
  ['missing', undefined],
  [false, undefined],
  [undefined, undefined],
])('with publicDir %j, the public directory of Vite is %j', (publicDir, found) => {
  const options = resolveOptions(publicDir === undefined ? {} : { publicDir }, 'vite');
  expect(publicDirOf({ root, plugins: [] }, options)).toBe(found && join(root, found));
});

test('of several instances the first that has one gives it, wherever it is in the config', () => {
  const [none, first, second] = [{}, { publicDir: 'static' }, { publicDir: 'brand' }].map((given) =>
    resolveOptions(given, 'vite'),
  );
  const plugins: PluginOption[] = [none, first, second].map((api) => [
    { name: PUBLIC_NAME, api },
    false,
    null,
  ]);
  expect(publicDirOf({ root, plugins }, first!)).toBe(join(root, 'static'));
  expect(publicDirOf({ root, plugins }, second!)).toBeUndefined();
});
