import { describe, expect, test } from 'vitest';
import { FileStatus } from '../platform/status.ts';
import { isAlike, isOlder } from './quick-check.ts';

type Time = [seconds: number, nanoseconds: number];

function fileOf(modified: Time, changed: Time, size = 5): FileStatus {
  const status = new FileStatus();
  status.mode = 0o100644;
  status.size = size;
  status.fillTime('modified', ...modified);
  status.fillTime('changed', ...changed);
  return status;
}

const FINE: Time = [2001, 123_456_789];
const EVEN: Time = [2000, 0];
const ODD: Time = [2001, 0];
const HUNDREDTHS: Time = [2001, 120_000_000];

const cases: [what: string, source: Time, destination: Time, changed: Time, alike: boolean][] = [
  ['the same time', [1000, 5], [1000, 5], FINE, true],
  ['the same microsecond', [1000, 5999], [1000, 5500], FINE, true],
  ['another time, kept finely', [1000, 510_000_000], [1000, 0], FINE, false],
  ['whole seconds', [1000, 510_000_000], [1000, 0], ODD, true],
  ['whole seconds, the next one', [1001, 510_000_000], [1000, 0], ODD, false],
  ['whole seconds, an odd one', [1001, 999_999_999], [1001, 0], EVEN, true],
  ['whole seconds, after an odd one', [1002, 0], [1001, 0], EVEN, false],
  ['two seconds', [1001, 999_999_999], [1000, 0], EVEN, true],
  ['two seconds, the next ones', [1002, 0], [1000, 0], EVEN, false],
  ['two seconds before 1970', [-3, 510_000_000], [-4, 0], EVEN, true],
  ['no change time (FAT in Windows)', [1001, 0], [1000, 0], [-11_644_473_600, 0], true],
  ['hundredths of a second', [1000, 517_000_000], [1000, 510_000_000], HUNDREDTHS, true],
  ['hundredths of a second, the next one', [1000, 520_000_000], [1000, 510_000_000], HUNDREDTHS, false],
  // A torn file has the time at which it was written.
  ['whole seconds, written after the source', [999, 900_000_000], [1000, 0], ODD, false],
];

describe("overwrite: 'changed' compares times as the destination keeps them", () => {
  test.each(cases)('%s', (_what, source, destination, changed, alike) => {
    expect(isAlike(fileOf(source, FINE), fileOf(destination, changed))).toBe(alike);
    expect(isAlike(fileOf(source, FINE, 6), fileOf(destination, changed))).toBe(false);
  });

  test.each(cases)(
    'older is only what was modified before: %s',
    (_what, source, destination, changed, alike) => {
      const isBefore =
        destination[0] < source[0] || (destination[0] === source[0] && destination[1] < source[1]);
      expect(isOlder(fileOf(destination, changed), fileOf(source, FINE))).toBe(isBefore && !alike);
      expect(isOlder(fileOf(destination, changed, 6), fileOf(source, FINE))).toBe(isBefore && !alike);
    },
  );

  test('Windows rounds times up on FAT', () => {
    const rounded = fileOf([1002, 0], EVEN);
    expect(isAlike(fileOf([1000, 510_000_000], FINE), rounded)).toBe(process.platform === 'win32');
    expect(isAlike(fileOf([1000, 0], FINE), rounded)).toBe(false);
  });
});
