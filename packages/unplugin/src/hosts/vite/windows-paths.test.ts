import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { warningsOfDestinations } from '../../targets/targets.ts';
import { takeoverOf } from './output.ts';

// Vite's own paths have forward slashes on Windows too.
const own = { ...path };
beforeAll(() => void Object.assign(path, path.win32));
afterAll(() => void Object.assign(path, own));

test.each<[outDir: string, emptyOutDir: boolean | null, empties: boolean]>([
  ['dist', null, true],
  ['.', null, false],
  ['../dist', null, false],
  ['../project-2', null, false],
  ['../dist', true, true],
  ['dist', false, false],
])(
  'on Windows, with outDir %j and emptyOutDir %j, the output is emptied: %j',
  (outDir, emptyOutDir, empties) => {
    const build = { outDir, emptyOutDir, write: true, copyPublicDir: true, rollupOptions: {} };
    const takeover = takeoverOf(
      { root: 'C:/project', publicDir: '', build: build as never },
      { publicDirs: [], targets: [{ from: 'D:/assets' }], assets: undefined },
    );
    expect(takeover).toMatchObject({ empties });
  },
);

test('on Windows, there is no warning about "to" if the output is the project itself', () => {
  const options = { publicDirs: [], targets: [{ from: 'D:/assets', to: '.' }] };
  expect(warningsOfDestinations(options, 'C:\\project', 'C:/project')).toEqual([]);
});
