import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findPattern } from './copy-patterns.ts';

const own = { ...path };
beforeAll(() => void Object.assign(path, path.win32));
afterAll(() => void Object.assign(path, own));

test.each([
  ['static/*.png', [], 'C:\\project\\static', []],
  [
    'static/**/*',
    ['C:\\project\\static\\deep\\*.md', 'C:/project/**/*.map'],
    'C:\\project\\static',
    ['deep/*.md', '**/*.map'],
  ],
])('on Windows, %j without %j selects files in %j', (from, ignore, base, ignored) => {
  const globs = ignore.map((glob) => ({ glob, given: glob }));
  const found = findPattern(from, 'C:/project', { dot: true, ignore: globs });
  const target = { from: path.resolve('C:/project', from), ignore: ignored };
  expect(found).toEqual({ kind: 'glob', base, target });
});
