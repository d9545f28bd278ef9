import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBytes, isRaw, onDisk, shown, shownInMessage, toBytes } from './raw-names.ts';

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }).map((each) => Buffer.from(each)),
  fc
    .array(fc.oneof(fc.string({ unit: 'binary' }).map(Buffer.from), fc.uint8Array({ maxLength: 3 })))
    .map((parts) => Buffer.concat(parts)),
);

test('any bytes are the same ones after they were a string, a part of JSON too', () => {
  fc.assert(
    fc.property(bytes, (given) => {
      const name = fromBytes(given);
      expect(toBytes(name)).toEqual(given);
      expect(toBytes(JSON.parse(JSON.stringify(name)) as string)).toEqual(given);
      expect(isRaw(name)).toBe(!given.equals(Buffer.from(given.toString('utf8'))));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['a', 'a'],
  ['é 💀 \u{fffd}', 'é 💀 \u{fffd}'],
  ['a\udcff.txt', 'a\\377.txt'],
  ['💀\udc80\udcf0', '💀\\200\\360'],
])('%j is shown as ls does', (name, expected) => {
  expect(shown(name)).toBe(expected);
  expect(shownInMessage(JSON.stringify(name))).toBe(
    JSON.stringify(name) === `"${name}"` ? `"${name}"` : `"${expected}"`,
  );
});

test('a path that is UTF-8 stays a string, and what only looks like such a byte in a message stays', () => {
  expect(onDisk('/a/💀')).toBe('/a/💀');
  expect(onDisk('/a/\udcff')).toEqual(Buffer.from('/a/\xff', 'latin1'));
  expect(shownInMessage(JSON.stringify('a\\udcff'))).toBe(JSON.stringify('a\\udcff'));
});
