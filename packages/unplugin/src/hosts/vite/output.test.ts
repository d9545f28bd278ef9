import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mayCopy } from './output.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reflink-vite-output-'));
  for (const name of ['with/public', 'with/static', 'without'])
    mkdirSync(join(root, name), { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const target = { from: 'a', to: '.' };

test.each([
  ['its own public directory', 'with', {}, {}, ['public']],
  [
    'the default, by something Vite takes for it',
    'with',
    { publicDir: true as unknown as string },
    {},
    ['public'],
  ],
  ['one of another name', 'with', { publicDir: 'static' }, {}, ['static']],
  ['none', 'without', {}, {}, []],
  ['none, and targets', 'without', {}, { targets: [target] }, ['a']],
  ['none, and one of the options', 'without', {}, { publicDirs: [{ dir: 'other', ignore: [] }] }, ['other']],
  ['one that is missing', 'with', { publicDir: 'missing' }, {}, []],
  ['one that is switched off', 'with', { publicDir: false as const }, {}, []],
  ['one that is not to be copied', 'with', { build: { copyPublicDir: false } }, {}, []],
  ['one that is switched off in the options', 'with', {}, { publicDirs: [] }, []],
  ['targets that are not written', 'with', { build: { write: false } }, { targets: [target] }, []],
])('what a build may copy: %s', (_what, directory, config, options, names) => {
  const given = { publicDirs: undefined, targets: [], ...options };
  const expected = names.map((name) => join(root, directory, name));
  const copied = mayCopy({ root: join(root, directory), ...config }, given);
  expect(copied.map(({ from }) => from)).toEqual(expected);
});
