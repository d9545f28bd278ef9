import type { CopyEntry, CopyReport } from 'fs-reflink';
import { expect, test } from 'vitest';
import { OutputReport } from './output-report.ts';

const copied = (name: string, bytes: number): CopyEntry => ({
  destination: `/dist/${name}`,
  action: 'copied',
  method: 'ficlone',
  bytes,
});
const reportOf = (entries: CopyEntry[], more: Partial<CopyReport> = {}): CopyReport => ({
  files: entries.length,
  bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
  methods: { ficlone: { files: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) } },
  unchanged: 0,
  pruned: 0,
  directories: 1,
  links: 0,
  durationMs: 5,
  warnings: [],
  entries,
  ...more,
});
const [a, b] = [copied('a', 1), copied('b', 20)];

test('a file that the bundle replaced for good counts no more', () => {
  const report = new OutputReport(reportOf([a, b])).toReport([b], [], () => false);
  expect(report).toMatchObject({ files: 1, bytes: 1, methods: { ficlone: { files: 1, bytes: 1 } } });
  expect(report.entries).toEqual([a]);
});

test('a file that was copied again counts once, as the last time', () => {
  const report = new OutputReport(reportOf([a, b]));
  const again: CopyEntry = { ...copied('b', 20), method: 'read_write' };
  for (let count = 0; count < 2; count++)
    report.copiedAgain(reportOf([again], { directories: 0, durationMs: 2, warnings: ['again'] }));
  const found = report.toReport([b], [], () => false);
  expect(found).toMatchObject({
    files: 2,
    bytes: 21,
    methods: { ficlone: { files: 1 }, read_write: { files: 1 } },
    directories: 1,
    durationMs: 9,
    warnings: ['again', 'again'],
  });
});

test('what was deleted besides is counted and listed; what was deleted before stays listed', () => {
  const pruned: CopyEntry = { destination: '/dist/b', action: 'pruned', bytes: 0 };
  const report = new OutputReport(reportOf([a, pruned], { files: 1, pruned: 1 })).toReport(
    [],
    ['/dist/c'],
    () => false,
  );
  expect(report).toMatchObject({ pruned: 2 });
  expect(report.entries!.map(({ destination }) => destination)).toEqual(['/dist/a', '/dist/b', '/dist/c']);
});

test('what was deleted and is there again is neither counted nor listed', () => {
  const pruned = ['b', 'c'].map(
    (name): CopyEntry => ({ destination: `/dist/${name}`, action: 'pruned', bytes: 0 }),
  );
  const report = new OutputReport(reportOf([a, ...pruned], { files: 1, pruned: 2 }));
  const isThere = (file: string) => file === '/dist/b' || file === '/dist/d';
  const found = report.toReport([], ['/dist/d', '/dist/e'], isThere);
  expect(found).toMatchObject({ files: 1, pruned: 2 });
  expect(found.entries!.map(({ destination }) => destination)).toEqual(['/dist/a', '/dist/c', '/dist/e']);
});

test('without entries the counts are the same', () => {
  const { entries: _entries, ...counts } = reportOf([a, b]);
  const report = new OutputReport(counts).toReport([b], ['/dist/c'], () => false);
  expect(report).toMatchObject({ files: 1, pruned: 1 });
  expect(report).not.toHaveProperty('entries');
});
