import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CopyReport } from 'fs-reflink';
import type { Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { type TreeSpec, writeTree } from '../support/trees.ts';
import { buildInChild } from './child.ts';
import {
  bundled,
  describeVites,
  expectWarnings,
  type Host,
  identityOf,
  manyFiles,
  pathsIn,
  placed,
  project,
  type Setup,
  settled,
  setUp,
} from './support.ts';

const few: TreeSpec = {
  'public/same.txt': 'same',
  'public/deep/same.txt': 'same',
  'public/gone.txt': 'gone',
};

/** Truncating a file and writing it are two changes; they shall make one rebuild. */
const watch = { buildDelay: 50 };

/** A watching build whose rebuilds can be awaited. */
async function startWatching({ vite }: Host, { root, config }: Setup) {
  const watcher = (await vite.build({ ...config, build: { watch } })) as Rolldown.RolldownWatcher;
  const ends: string[] = [];
  let failed = false;
  let lastEvent = Date.now();
  watcher.on('event', ({ code }) => {
    lastEvent = Date.now();
    if (code === 'START') failed = false;
    if (code === 'ERROR') failed = true;
    if (code === 'END') ends.push(failed ? 'failed' : 'built');
  });
  const nextEnd = async (count: number, timeout: number) => {
    const until = Date.now() + timeout;
    while ((ends.length <= count || Date.now() - lastEvent < 150) && Date.now() < until) await wait(10);
    return ends.length > count;
  };
  expect(await nextEnd(0, 30_000)).toBe(true);
  return {
    ends,
    close: () => watcher.close(),
    /** Writes the entry until the change is noticed, and says how the rebuild ended. */
    async edit(text: string): Promise<string> {
      const count = ends.length;
      for (let attempt = 0; attempt < 5; attempt++) {
        writeFileSync(join(root, 'main.js'), `${text}\n//${attempt}`);
        if (await nextEnd(count, 5000)) return ends.at(-1)!;
      }
      return 'not rebuilt';
    },
  };
}

describeVites((host) => {
  test.each([
    ['few', few],
    ['many', { ...few, ...manyFiles }],
  ])('vite build --watch leaves the public files alone, %s files', async (_name, spec) => {
    const root = project({ ...spec, 'dist/old.txt': 'old' });
    const at = (path: string) => join(root, 'dist', path);
    const identities = () => ['same.txt', 'deep/same.txt'].map((path) => identityOf(at(path)));
    const total = Object.keys(spec).length;
    await settled();
    let fails = false;
    const writeBundle = () => {
      if (fails) throw new Error('failed on purpose');
    };
    const setup = setUp(root, {}, {}, { plugins: [{ name: 'fails', writeBundle }] });
    const last = (): CopyReport => Object.values(setup.reports.at(-1)!)[0]!;
    const watching = await startWatching(host, setup);
    try {
      expect(last()).toMatchObject({ files: total, unchanged: 0 });
      expect(placed(at('.'))).toEqual(placed(join(root, 'public')));
      const first = identities();
      const hashes = [bundled(at('.'))];

      for (const text of ['console.log("second")', 'console.log("third")']) {
        expect(await watching.edit(text)).toBe('built');
        hashes.push(bundled(at('.')));
        expect(last()).toMatchObject({ files: 0, unchanged: total });
        expect(identities()).toEqual(first);
      }
      expect(setup.reports).toHaveLength(watching.ends.length);
      expect(hashes.map(({ length }) => length)).toEqual([1, 1, 1]);
      expect(new Set(hashes.flat()).size).toBe(3);
      expect(readFileSync(at(hashes[2]![0]!), 'utf8')).toContain('third');

      // A build that fails in between is made up for by the next.
      expect(await watching.edit('this is no JavaScript')).toBe('failed');
      expect(bundled(at('.'))).toEqual(hashes[2]);
      expect(placed(at('.'))).toEqual(placed(join(root, 'public')));
      fails = true;
      expect(await watching.edit('console.log("fails")')).toBe('failed');
      expect(identities()).toEqual(first);
      fails = false;
      writeTree(join(root, 'public'), { 'added.txt': 'added' });
      rmSync(join(root, 'public/gone.txt'));
      expect(await watching.edit('console.log("fourth")')).toBe('built');
      expect(last()).toMatchObject({ files: 1, unchanged: total - 1 });
      expect(identities()).toEqual(first);
      expect(existsSync(at('added.txt'))).toBe(true);
      expect(existsSync(at('gone.txt'))).toBe(false);
      expect(bundled(at('.'))).toHaveLength(1);
    } finally {
      await watching.close();
    }
    expect(pathsIn(root).filter((path) => path.includes('.fs-reflink-'))).toEqual([]);
    expectWarnings(setup.log, []);
    expect(setup.log.errors.length).toBeGreaterThan(0);
  });

  test('a watcher that is closed leaves nothing behind', () => {
    const cases = [few, { ...few, ...manyFiles }].map((spec) => ({
      root: project(spec),
      config: { build: { watch } },
      edits: [
        ['console.log(2)', 'built'],
        ['no JavaScript', 'failed'],
        ['console.log(3)', 'built'],
      ],
    }));
    const outcomes = buildInChild(host.id, cases);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['watched', 'watched']);
    // Worker threads are started once, however often is built.
    const threads = Math.min(availableParallelism(), 8);
    expect(outcomes.map(({ started }) => started)).toEqual([0, threads]);
  });
});
