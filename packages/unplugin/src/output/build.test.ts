import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Options } from '../options/options.ts';
import { resolveOptions } from '../options/resolve-options.ts';
import { BuildCopies } from './build.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reflink-build-'));
  writeFileSync(join(root, 'a.txt'), 'a');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const log = { info: () => {}, warn: () => {}, error: () => {} };
const copiesOf = (options: Options, info = log.info) =>
  new BuildCopies({
    host: 'rollup',
    options: resolveOptions({ cacheDirectory: 'cache', ...options }, 'rollup'),
    log: { ...log, info },
    root,
  });

test('to wait for an output that no copy was begun for is an error', async () => {
  const copies = copiesOf({ report: false });
  const directory = join(root, 'dist');
  const known = { publicTargets: [], targets: [{ from: join(root, 'a.txt') }] };
  copies.begin({ ...known, directory, keep: [] });
  const other = join(root, 'other');
  await expect(copies.deleteCollisions([], other)).rejects.toThrow(other);
  await expect(copies.finish(other)).rejects.toThrow(other);
  const [report] = await copies.finish(directory);
  expect(report).toMatchObject({ files: 1 });
  await copies.end({ keepWorkers: false });
  await expect(copies.finish(directory)).rejects.toThrow('has ended already');
});

test('no worker thread boots before the copy where the calling thread is idle', async () => {
  const started = vi.fn();
  process.on('worker', started);
  try {
    mkdirSync(join(root, 'many'));
    for (let file = 0; file < 80; file++) writeFileSync(join(root, 'many', `${file}`), '');
    const copies = copiesOf({ report: false });
    copies.prepare({ publicTargets: [{ from: join(root, 'many') }], targets: [] });
    await copies.end({ keepWorkers: false });
    expect(started).not.toHaveBeenCalled();
  } finally {
    process.off('worker', started);
  }
});

test.each<[what: string, targets: object, lines: number]>([
  ['no targets, and no imported file', { publicTargets: [], assets: [], targets: [] }, 0],
  ['a public directory with nothing in it', { publicTargets: [{ from: 'empty' }], targets: [] }, 1],
  ['an imported file', { publicTargets: [], assets: [{ from: 'a.txt' }], targets: [] }, 1],
])('a build that has %s logs so many lines: %j', async (what, targets, lines) => {
  mkdirSync(join(root, 'empty'), { recursive: true });
  const info = vi.fn();
  const copies = copiesOf({}, info);
  const absolute = JSON.parse(JSON.stringify(targets), (key, value) =>
    key === 'from' ? join(root, value) : value,
  );
  const directory = join(root, `dist of ${what}`);
  copies.begin({ ...absolute, directory, keep: [] });
  await copies.finish(directory);
  await copies.end({ keepWorkers: false });
  expect(info).toHaveBeenCalledTimes(lines);
});
