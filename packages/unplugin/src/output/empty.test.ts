import { expect, test } from 'vitest';
import { keptIn } from './empty.ts';

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
