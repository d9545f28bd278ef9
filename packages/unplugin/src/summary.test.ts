import type { CopyReport } from 'fs-reflink';
import { expect, it } from 'vitest';
import { summarize } from './summary.ts';

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
  [{}, 'dist: 0 files, 0 B in 12 ms'],
  [{ unchanged: 4200 }, 'dist: 4,200 unchanged in 12 ms'],
  [
    {
      files: 4212,
      bytes: 246_000_000,
      methods: { copy_file_range: { files: 12, bytes: 1 }, ficlone: { files: 4200, bytes: 245_999_999 } },
      links: 1,
    },
    'dist: 4,212 files, 246 MB (ficlone 4,200, copy_file_range 12), 1 link in 12 ms',
  ],
])('a report as one line: %j', (report, line) =>
  expect(summarize({ ...NOTHING, ...report }, { destinations: ['/project/dist'], root: '/project' })).toBe(
    line,
  ),
);

it('a summary names every directory that files went to', () => {
  const destinations = ['/home/me/project/dist', '/home/me/project/other', '/home/me/other-root', '/i18n'];
  const line = 'dist, other, ../other-root, /i18n: 0 files, 0 B in 12 ms';
  expect(summarize(NOTHING, { destinations, root: '/home/me/project' })).toBe(line);
});
