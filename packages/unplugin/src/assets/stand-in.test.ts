import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { STAND_IN_BYTES, sizeInStandIn, standInAt, standInFor } from './stand-in.ts';

const HASH = 'ab'.repeat(8);
const text = standInFor(12345, HASH);

test('a stand-in is the same for one content, and short', () => {
  expect(standInFor(12345, HASH)).toBe(text);
  expect(standInFor(12346, HASH)).not.toBe(text);
  expect(standInFor(Number.MAX_SAFE_INTEGER, HASH).length).toBeLessThan(STAND_IN_BYTES);
});

test.each<[what: string, content: string, size: number | undefined]>([
  ['a stand-in', text, 12345],
  ['one that is filled with spaces', text.padEnd(1000), 12345],
  ['one with something behind it', `${text}x`, undefined],
  ['another hash', standInFor(1, 'xy'), undefined],
  ['something else', 'content', undefined],
  ['nothing', '', undefined],
])('the size that %s tells of', (_what, content, size) =>
  expect(sizeInStandIn(Buffer.from(content))).toBe(size),
);

test('what a file holds, if that is a stand-in', () => {
  const root = mkdtempSync(join(tmpdir(), 'reflink-stand-in-'));
  try {
    for (const [name, content] of Object.entries({ yes: text, no: 'content', long: text.padEnd(300) }))
      writeFileSync(join(root, name), content);
    const found = ['yes', 'no', 'long', 'missing', '.'].map((name) => standInAt(join(root, name)));
    expect(found).toEqual([text, undefined, undefined, undefined, undefined]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
