import type { CopyReport } from 'fs-reflink';
import { expect, it } from 'vitest';
import { describeReport, summarize } from './summary.ts';

const NOTHING: CopyReport = {
  files: 0,
  bytes: 0,
  methods: {},
  unchanged: 0,
  pruned: 0,
  directories: 0,
  links: 0,
  durationMs: 12.4,
  warnings: [],
};

it.each<[report: Partial<CopyReport>, line: string]>([
  [{}, 'dist: 0 copied in 12 ms'],
  [{ files: 22, pruned: 3, unchanged: 4100 }, 'dist: 22 copied, 3 deleted, 4,100 unchanged in 12 ms'],
  [{ pruned: 1 }, 'dist: 1 deleted in 12 ms'],
  [{ unchanged: 4200 }, 'dist: 4,200 unchanged in 12 ms'],
  [
    {
      files: 4212,
      bytes: 246_000_000,
      methods: { copy_file_range: { files: 12, bytes: 1 }, ficlone: { files: 4200, bytes: 245_999_999 } },
      links: 1,
    },
    'dist: 4,212 copied, 1 link in 12 ms',
  ],
])('a report as one line: %j', (report, line) =>
  expect(summarize({ ...NOTHING, ...report }, { destinations: ['/project/dist'], root: '/project' })).toBe(
    line,
  ),
);

it.each<[report: Partial<CopyReport>, line: string]>([
  [{}, 'dist: would copy 0'],
  [
    { files: 22, links: 2, pruned: 3, unchanged: 4100 },
    'dist: would copy 22, would copy 2 links, would delete 3, 4,100 unchanged',
  ],
  [{ pruned: 1 }, 'dist: would delete 1'],
])('the report of a dry run as one line: %j', (report, line) => {
  const destinations = { destinations: ['/project/dist'], root: '/project', dryRun: true };
  expect(summarize({ ...NOTHING, ...report }, destinations)).toBe(line);
});

it('the report of a dry run with a line for each file', () => {
  const entries: CopyReport['entries'] = [
    { destination: '/project/dist/b.txt', action: 'copied', bytes: 5 },
    { destination: '/project/dist/a.txt', action: 'pruned', bytes: 0 },
  ];
  const report = { ...NOTHING, files: 1, bytes: 5, pruned: 1, entries };
  const destinations = { destinations: ['/project/dist'], root: '/project', dryRun: true };
  expect(describeReport(report, '/project/dist', destinations).split('\n')).toEqual([
    'dist: would copy 1 (5 B), would delete 1',
    '  a.txt (to be deleted)',
    '  b.txt (to be copied)',
  ]);
});

it('a report with a line for each file says in its summary how they were copied', () => {
  const methods = { copy_file_range: { files: 1, bytes: 1 }, ficlone: { files: 2, bytes: 245_999_999 } };
  const entries: CopyReport['entries'] = [
    { destination: '/project/dist/b.txt', action: 'copied', method: 'ficlone', bytes: 1 },
    { destination: '/project/dist/a.txt', action: 'pruned', bytes: 0 },
    { destination: '/project/dist/c.txt', action: 'unchanged', bytes: 0 },
  ];
  const report = { ...NOTHING, files: 3, bytes: 246_000_000, methods, pruned: 1, unchanged: 1, entries };
  const destinations = { destinations: ['/project/dist'], root: '/project' };
  expect(describeReport(report, '/project/dist', destinations).split('\n')).toEqual([
    'dist: 3 copied (246 MB, ficlone 2, copy_file_range 1), 1 deleted, 1 unchanged in 12 ms',
    '  a.txt (deleted)',
    '  b.txt (ficlone)',
  ]);
});

it('a summary names every directory that files went to', () => {
  const destinations = ['/home/me/project/dist', '/home/me/project/other', '/home/me/other-root', '/i18n'];
  const line = 'dist, other, ../other-root, /i18n: 0 copied in 12 ms';
  expect(summarize(NOTHING, { destinations, root: '/home/me/project' })).toBe(line);
});
