import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Display } from './display.ts';
import { Tracker } from './tracker.ts';
import { facts, share } from './views.ts';

const MB = 1e6;
let written: string[];

beforeEach(() => {
  written = [];
  vi.useFakeTimers();
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function file(tracker: Tracker, number: number, size: number, method?: 'ficlone' | 'read_write'): void {
  const copied = method ? size : 0;
  const paths = { source: `/from/${number}`, destination: `/to/${number}` };
  const bytes = tracker.completeBytes + copied;
  const counts = { files: tracker.files + 1, bytes };
  tracker.add({
    ...paths,
    fileBytes: copied,
    fileSize: copied,
    done: true,
    ...(method && { method }),
    ...counts,
  });
}

it('writes a line every ten seconds where standard error is no terminal', async () => {
  const tracker = new Tracker();
  file(tracker, 1, MB, 'read_write');
  const total = { files: 4, bytes: 4 * MB, blocks: 4 * MB };
  using _display = new Display(tracker, async () => total);
  await vi.advanceTimersByTimeAsync(9_900);
  expect(written).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  await vi.dynamicImportSettled();
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(
    /^fs-reflink: +25% {2}1\/4 files {2}1\.0 MB\/4\.0 MB {2}\S+ k?B\/s {2}read_write\n$/,
  );
  file(tracker, 2, MB, 'ficlone');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(written).toHaveLength(2);
  expect(written[1]).toMatch(/ 50% {2}2\/4 files .* ficlone\n$/);
});

it('writes nothing once it is closed', async () => {
  const display = new Display(new Tracker(), async () => undefined);
  display[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(written).toEqual([]);
});

it('counts parts of large files, and files left as they were by their average size', () => {
  const tracker = new Tracker();
  const total = { files: 4, bytes: 8 * MB, blocks: 8 * MB };
  const part = { source: '/from/0', destination: '/to/0', fileSize: 2 * MB, done: false, files: 0, bytes: 0 };
  tracker.add({ ...part, fileBytes: MB });
  expect(tracker.bytes).toBe(MB);
  expect(share(tracker, total)).toBe(1 / 8);
  file(tracker, 1, 2 * MB);
  expect(share(tracker, total)).toBe(3 / 8);
  tracker.add({ ...part, fileBytes: 2 * MB, done: true, method: 'ficlone', files: 2, bytes: 2 * MB });
  expect(share(tracker, total)).toBe(4 / 8);
  expect(tracker.methods).toEqual({ ficlone: { files: 1, bytes: 2 * MB } });
  expect(facts(tracker, undefined).slice(0, 2)).toEqual(['2 files', '2.0 MB']);
});
