import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { errorCode } from '../../packages/core/src/errors.ts';
import { toErrno } from '../../packages/core/src/platform/win32/errors.ts';
import { failing, type Overrides, WindowsBench, type WindowsSettings } from './bench.ts';
import { Refs } from './refs.ts';
import { describeOnWindows } from './support.ts';

/** No multiple of a block. */
const content = randomBytes(300_001);

type Failing = (code: number, times: number) => Overrides;

interface Subject {
  method: string;
  settings: WindowsSettings;
  failing: Failing;
  /** The method that takes over. */
  next: string | undefined;
}

const DUPLICATE_EXTENTS = 0x98344;

const clone: Subject = {
  method: 'duplicate_extents',
  settings: {},
  failing: (code, times) => (real) => {
    const refs = new Refs().overrides(real);
    const isClone = (_handle: number, control: number) => control === DUPLICATE_EXTENTS;
    return { ...refs, deviceIoControl: failing(code, times, refs.deviceIoControl!, isClone) };
  },
  next: 'copy_file_ex',
};
const copy: Subject = {
  method: 'copy_file_ex',
  settings: {},
  failing: (code, times) => (real) => ({ copyFile: failing(code, times, real.copyFile) }),
  next: 'read_write',
};
const read: Subject = {
  method: 'read_write',
  settings: { reflink: 'never', build: 26_100 },
  failing: (code, times) => (real) => ({ readFile: failing(code, times, real.readFile) }),
  next: undefined,
};
const write: Subject = {
  ...read,
  failing: (code, times) => (real) => ({ writeFile: failing(code, times, real.writeFile) }),
};

/**
 * What a Windows error means to a strategy: `pair`, the next strategy, also for the files to come; `file`,
 * the next strategy for this file; `retry`, the same again, and the next one when that does not help;
 * `fatal`, the copy ends.
 */
type Outcome = 'pair' | 'file' | 'retry' | 'fatal';

const inUse = [32, 33];
const full = [112, 39];
const broken = [1450, 19, 23, 8];
const exists = [80, 183];
const tooLong = [206];

const table: [name: string, subject: Subject, outcome: Outcome, codes: number[]][] = [
  ['FSCTL_DUPLICATE_EXTENTS_TO_FILE', clone, 'pair', [1, 50, 17]],
  ['FSCTL_DUPLICATE_EXTENTS_TO_FILE', clone, 'file', [87, 347, 5]],
  ['FSCTL_DUPLICATE_EXTENTS_TO_FILE', clone, 'retry', inUse],
  ['FSCTL_DUPLICATE_EXTENTS_TO_FILE', clone, 'fatal', [...full, ...broken, ...exists, ...tooLong]],
  ['CopyFileExW', copy, 'file', [1, 50, 17, 87, 5, 1314, 2]],
  ['CopyFileExW', copy, 'retry', inUse],
  ['CopyFileExW', copy, 'fatal', [...full, ...broken, ...tooLong]],
  ['ReadFile', read, 'retry', inUse],
  ['ReadFile', read, 'fatal', [...full, ...broken, ...tooLong, 1, 5, 50, 87]],
  ['WriteFile', write, 'retry', inUse],
  ['WriteFile', write, 'fatal', [...full, ...broken, ...tooLong, 1, 5, 50, 87]],
];

const rows = table.flatMap(([name, subject, outcome, codes]) =>
  codes.map((code) => ({ name, subject, outcome, code })),
);

const ALWAYS = Number.POSITIVE_INFINITY;

describeOnWindows('an error of a Windows function', () => {
  test.each(rows.filter(({ outcome }) => outcome === 'fatal'))(
    '$code from $name ends the copy and leaves everything as it was',
    ({ subject, code }) => {
      using bench = new WindowsBench(subject.failing(code, ALWAYS), subject.settings);
      const expected = { code: errorCode(toErrno(code)), method: subject.method };
      bench.write('new', content);
      expect(bench.copy('new')).toMatchObject(expected);
      expect(bench.names).toEqual([]);
      bench.write('existing', content);
      bench.writeExisting('existing', 'old');
      expect(bench.copy('existing')).toMatchObject(expected);
      expect(bench.names).toEqual(['existing']);
      expect(bench.read('existing').toString()).toBe('old');
      expect(bench.open).toEqual(new Set());
    },
  );

  test.each(rows.filter(({ outcome }) => outcome === 'file' || outcome === 'pair'))(
    '$code from $name hands over to the next strategy, for the $outcome',
    ({ subject, outcome, code }) => {
      // Once only: the second file shows whether the first one's answer was remembered.
      using bench = new WindowsBench(subject.failing(code, 1), subject.settings);
      bench.write('existing', content);
      bench.writeExisting('existing', 'old');
      expect(bench.copy('existing')).toEqual({ method: subject.next, bytes: content.length });
      bench.write('new', content);
      expect(bench.copy('new')).toEqual({
        method: outcome === 'pair' ? subject.next : subject.method,
        bytes: content.length,
      });
      expect(bench.names).toEqual(['existing', 'new']);
      for (const name of bench.names) expect(bench.read(name).equals(content)).toBe(true);
      expect(bench.open).toEqual(new Set());
    },
  );

  test.each(rows.filter(({ outcome }) => outcome === 'retry'))(
    '$code from $name makes the same strategy try again',
    ({ subject, code }) => {
      using bench = new WindowsBench(subject.failing(code, 2), subject.settings);
      bench.write('new', content);
      expect(bench.copy('new')).toEqual({ method: subject.method, bytes: content.length });
      expect(bench.read('new').equals(content)).toBe(true);
      expect(bench.open).toEqual(new Set());
    },
  );

  test.each(rows.filter(({ outcome }) => outcome === 'retry'))(
    '$code from $name without end is given up',
    ({ subject, code }) => {
      using bench = new WindowsBench(subject.failing(code, ALWAYS), subject.settings);
      bench.write('new', content);
      if (subject.next) {
        expect(bench.copy('new')).toEqual({ method: subject.next, bytes: content.length });
        expect(bench.read('new').equals(content)).toBe(true);
      } else {
        expect(bench.copy('new')).toMatchObject({ code: 'EBUSY', method: subject.method });
        expect(bench.names).toEqual([]);
      }
      expect(bench.open).toEqual(new Set());
    },
  );

  test.each(exists)('%i from CopyFileExW, for a file that was made meanwhile, replaces it', (code) => {
    using bench = new WindowsBench(copy.failing(code, 1));
    bench.write('new', content);
    expect(bench.copy('new')).toEqual({ method: 'copy_file_ex', bytes: content.length });
    expect(bench.names).toEqual(['new']);
    expect(bench.read('new').equals(content)).toBe(true);
  });

  test.each(exists)('%i from CopyFileExW without end ends the copy', (code) => {
    using bench = new WindowsBench(copy.failing(code, ALWAYS));
    bench.write('new', content);
    expect(bench.copy('new')).toMatchObject({ code: 'EEXIST', method: 'copy_file_ex' });
    expect(bench.names).toEqual([]);
  });
});
