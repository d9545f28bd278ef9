import { expect, test } from 'vitest';
import { lazySource, MAX_LIMIT, standInOf } from './compiler-source.ts';
import { standInFor } from './stand-in.ts';

const source = (content: string, size = content.length) =>
  ({ size: () => size, buffer: () => Buffer.from(content) }) as never;
const standIn = standInFor(5, 'ab'.repeat(8));

test.each<[what: string, given: never, found: boolean]>([
  ['a stand-in', source(standIn), true],
  ['one as large as what a compiler would inline', source(standIn, MAX_LIMIT + 1), true],
  ['something else', source('content'), false],
  ['what is larger, which is not read', source(standIn, MAX_LIMIT + 2), false],
])('an asset that is %s', (_what, given, found) =>
  expect(standInOf(given)?.toString()).toBe(found ? standIn : undefined),
);

test('the content of a file is read when it is asked for, and known by its key', () => {
  let reads = 0;
  const made = lazySource(Object as never, {
    read: () => {
      reads++;
      return Buffer.from('content');
    },
    size: () => 7,
    key: () => 'abc',
  });
  const hashed: unknown[] = [];
  made.updateHash({ update: (text: unknown) => hashed.push(text) } as never);
  expect([made.size(), hashed, reads]).toEqual([7, ['unplugin-reflink abc'], 0]);
  expect([String(made.source()), reads]).toEqual(['content', 1]);
});
