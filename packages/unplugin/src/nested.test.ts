import { expect, test } from 'vitest';
import { isInside, keptIn } from './nested.ts';

test.each([
  ['/a', '/a', true],
  ['/a', '/a/b/c', true],
  ['/a', '/a/..b', true],
  ['/a', '/ab', false],
  ['/a/b', '/a', false],
  ['/', '/a', true],
])('in %j lies %j: %j', (outer, inner, expected) => expect(isInside(outer, inner)).toBe(expected));

test.each<[outDirs: string[], kept: string[]]>([
  [[], ['.git']],
  [['/dist'], ['.git']],
  [
    ['/dist', '/dist/admin', '/dist/a/b', '/other', '/distant'],
    ['admin', 'a/b', '.git'],
  ],
])('emptying /dist leaves alone, of the outputs %j, what lies in it', (outDirs, kept) =>
  expect(keptIn('/dist', outDirs)).toEqual(kept),
);
