import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PrepareOptions } from 'fs-reflink/host';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { disposeAhead, Preparation, prepareAhead } from './preparation.ts';

let root: string;
const started = vi.fn();
const ended = vi.fn();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'reflink-preparation-'));
  process.on('worker', started);
  process.on('worker', (worker) => worker.once('exit', ended));
});
afterEach(() => {
  process.removeAllListeners('worker');
  started.mockReset();
  ended.mockReset();
  rmSync(root, { recursive: true, force: true });
});

function holding(files: number): PrepareOptions {
  const from = join(root, `${files}`);
  mkdirSync(from, { recursive: true });
  for (let file = 0; file < files; file++) writeFileSync(join(from, `${file}`), '');
  return { targets: [{ from }], busy: true };
}

test.each([
  ['at once', () => {}],
  ['once they have booted', () => vi.waitFor(() => expect(started).toHaveBeenCalled())],
])('a build takes over the worker threads that were booted before it began, %s', async (_when, wait) => {
  prepareAhead(holding(80));
  await wait();
  const preparation = new Preparation();
  preparation.prepare(holding(80));
  await preparation.copy([], {});
  expect(started).toHaveBeenCalledTimes(1);
  expect(ended).not.toHaveBeenCalled();
  await preparation.dispose();
  expect(ended).toHaveBeenCalledTimes(1);
});

test('worker threads that no build takes over end when they are disposed of', async () => {
  prepareAhead(holding(80));
  prepareAhead(holding(80));
  await disposeAhead();
  expect([started, ended].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
});

test('a watcher whose files have become many has a worker thread booted', async () => {
  const preparation = new Preparation();
  preparation.prepare(holding(3));
  await nextTurn();
  expect(started).not.toHaveBeenCalled();
  preparation.prepare(holding(80));
  await vi.waitFor(() => expect(started).toHaveBeenCalledTimes(1));
  await preparation.dispose();
});
