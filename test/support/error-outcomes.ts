import { expect, test } from 'vitest';
import type { Copied, SystemBench } from './system-bench.ts';

/**
 * What the copy does after an error number. `pair`: use the next strategy, also for later files. `file`: use the next
 * strategy for this file. `retry`: try the same strategy again, then the next one if that fails too. `fatal`: fail.
 */
export type Outcome = 'pair' | 'file' | 'retry' | 'fatal';

/** An error number that a call of one strategy returns, and the expected outcome. */
export interface Row<Subject> {
  name: string;
  subject: Subject;
  outcome: Outcome;
  errno: string;
}

/** Runs `steps` on a bench whose call returns the error number the given number of times. */
export type Copies<Subject> = (
  subject: Subject,
  errno: string,
  times: number,
  steps: (bench: SystemBench, copy: (name: string) => Copied) => void,
) => void;

/** The name that libuv uses, if it has another one for the same number. */
const codeOf = (errno: string): string => (errno === 'EOPNOTSUPP' ? 'ENOTSUP' : errno);

/** Tests the outcome of each error number, on any system. */
export function testOutcomes<Subject extends { method: string; next: string | undefined }>(
  rows: readonly Row<Subject>[],
  content: Buffer,
  copies: Copies<Subject>,
): void {
  test.each(rows.filter(({ outcome }) => outcome === 'fatal'))(
    '$errno from $name ends the copy and leaves everything as it was',
    ({ subject, errno }) => {
      const expected = { code: codeOf(errno), method: subject.method };
      copies(subject, errno, Number.POSITIVE_INFINITY, (bench, copy) => {
        expect(copy('new')).toMatchObject(expected);
        expect(bench.names).toEqual([]);
        bench.writeExisting('existing', 'old');
        expect(copy('existing')).toMatchObject(expected);
        expect(bench.names).toEqual(['existing']);
        expect(bench.read('existing').toString()).toBe('old');
      });
    },
  );

  test.each(rows.filter(({ outcome }) => outcome === 'file' || outcome === 'pair'))(
    '$errno from $name hands over to the next strategy, for the $outcome',
    ({ subject, outcome, errno }) => {
      // The error is returned only once: the second file shows whether it was remembered.
      copies(subject, errno, 1, (bench, copy) => {
        bench.writeExisting('existing', 'old');
        expect(copy('existing')).toEqual({ method: subject.next, bytes: content.length });
        expect(copy('new')).toEqual({
          method: outcome === 'pair' ? subject.next : subject.method,
          bytes: content.length,
        });
        expect(bench.names).toEqual(['existing', 'new']);
        for (const name of bench.names) expect(bench.read(name).equals(content)).toBe(true);
      });
    },
  );

  test.each(rows.filter(({ outcome }) => outcome === 'retry'))(
    '$errno from $name makes the same strategy try again',
    ({ subject, errno }) => {
      copies(subject, errno, 1, (bench, copy) => {
        expect(copy('new')).toEqual({ method: subject.method, bytes: content.length });
        expect(bench.read('new').equals(content)).toBe(true);
      });
    },
  );
}
