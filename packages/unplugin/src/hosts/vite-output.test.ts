import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mayPlace } from './vite-output.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reflink-vite-output-'));
  for (const name of ['with/public', 'with/static', 'without'])
    mkdirSync(join(root, name), { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const target = { from: 'a', to: '.' };

test.each([
  ['its own public directory', 'with', {}, {}, true],
  ['the default, by something Vite takes for it', 'with', { publicDir: true as unknown as string }, {}, true],
  ['one of another name', 'with', { publicDir: 'static' }, {}, true],
  ['none', 'without', {}, {}, false],
  ['none, and targets', 'without', {}, { targets: [target] }, true],
  ['none, and one of the options', 'without', {}, { publicDirs: [{ dir: 'other', ignore: [] }] }, true],
  ['one that is missing', 'with', { publicDir: 'missing' }, {}, false],
  ['one that is switched off', 'with', { publicDir: false as const }, {}, false],
  ['one that is not to be copied', 'with', { build: { copyPublicDir: false } }, {}, false],
  ['one that is switched off in the options', 'with', {}, { publicDirs: [] }, false],
  ['targets that are not written', 'with', { build: { write: false } }, { targets: [target] }, false],
])('whether a build may place something: %s', (_what, directory, config, options, expected) => {
  const given = { publicDirs: undefined, targets: [], ...options };
  expect(mayPlace({ root: join(root, directory), ...config }, given)).toBe(expected);
});
