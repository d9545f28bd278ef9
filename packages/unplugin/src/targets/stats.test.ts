import { expect, test } from 'vitest';
import { mayChangeUnseen } from './stats.ts';

const now = Date.now();

test.each([
  { name: 'touched long ago', mtimeMs: now - 9000.5, ctimeMs: now - 9000.5, may: false },
  { name: 'touched just now', mtimeMs: now - 9000.5, ctimeMs: now - 1.5, may: true },
  {
    name: 'touched long ago, with a modification time ahead',
    mtimeMs: now + 1e9,
    ctimeMs: now - 9000.5,
    may: false,
  },
  {
    name: 'touched just now, with a modification time ahead',
    mtimeMs: now + 1e9,
    ctimeMs: now - 1.5,
    may: true,
  },
  {
    name: 'of a filesystem that keeps no change time, with a modification time ahead',
    mtimeMs: now + 1e9,
    ctimeMs: 0,
    may: true,
  },
])('whether a file may change unseen that was $name: $may', ({ mtimeMs, ctimeMs, may }) => {
  expect(mayChangeUnseen({ mtimeMs, ctimeMs }, now)).toBe(may);
});
