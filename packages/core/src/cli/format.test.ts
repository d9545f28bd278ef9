import { expect, it } from 'vitest';
import { bytes, counted, duration, methods, rate } from './format.ts';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [9_940, '9.9 kB'],
  [9_960, '10 kB'],
  [999_499, '999 kB'],
  [999_600, '1.0 MB'],
  [246_000_000, '246 MB'],
  [1.5e12, '1.5 TB'],
])('%d bytes are %s', (count, text) => expect(bytes(count)).toBe(text));

it.each([
  [0.42, '0.4 ms'],
  [312, '312 ms'],
  [1340, '1.34 s'],
  [31_200, '31.2 s'],
  [125_000, '2 min 5 s'],
])('%d milliseconds are %s', (ms, text) => expect(duration(ms)).toBe(text));

it('says how many, and how fast', () => {
  expect(counted(1, 'file')).toBe('1 file');
  expect(counted(4213, 'file')).toBe('4,213 files');
  expect(counted(1_000_000, 'file')).toBe('1,000,000 files');
  expect(counted(999, 'file')).toBe('999 files');
  expect(rate(5_000_000, 500)).toBe('10 MB/s');
  expect(rate(5, 0)).toBe('');
});

it('names the method that copied most first', () => {
  const of = (files: number) => ({ files, bytes: files * 10 });
  expect(methods({ copy_file_range: of(3), ficlone: of(4200), read_write: of(12) })).toBe(
    '4,200 cloned (ficlone), 12 copied (read_write), 3 copied (copy_file_range)',
  );
  expect(methods({})).toBe('');
});
