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
  const rebuilt = async (make: (attempt: number) => void): Promise<string> => {
    const count = ends.length;
    for (let attempt = 0; attempt < 5; attempt++) {
      make(attempt);
      if (await nextEnd(count, 5000)) return ends.at(-1)!;
    }
    return 'not rebuilt';
  };
  expect(await nextEnd(0, 30_000)).toBe(true);
  return {
    ends,
    close: () => watcher.close(),
    /** Writes the entry until the change is noticed, and says how the rebuild ended. */
    edit: (text: string) =>
      rebuilt((attempt) => writeFileSync(join(root, 'main.js'), `${text}\n//${attempt}`)),
    /** Changes something else until it is noticed. What was just begun to be watched may miss a change. */
    change: (make: () => void) => rebuilt(make),
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
      const before = setup.reports.length;
      const change = () => {
        writeFileSync(join(root, 'public/added.txt'), 'added');
        rmSync(join(root, 'public/gone.txt'), { force: true });
      };
      expect(await watching.change(change)).toBe('built');
      const placedSince = setup.reports.slice(before).map((each) => Object.values(each)[0]!.files);
      expect(placedSince.reduce((sum, files) => sum + files, 0)).toBe(1);
      expect(last().files + last().unchanged).toBe(total);
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

  test('public files and targets that come, change and go are placed and deleted, alone', async () => {
    const root = project({
      ...few,
      'assets/a.txt': 'a',
      'assets/sub/b.txt': 'b',
      'more/one.md': 'one',
      'more/two.txt': 'two',
    });
    const at = (path: string) => join(root, 'dist', path);
    await settled();
    const targets = [{ from: 'assets', to: 'x' }, { from: 'more/*.md' }];
    const setup = setUp(root, {}, { targets });
    const watching = await startWatching(host, setup);
    const same = ['same.txt', 'deep/same.txt', 'x/sub/b.txt'];
    const first = same.map((path) => identityOf(at(path)));
    const steps: [change: () => void, done: () => boolean, placed: number][] = [
      [() => writeFileSync(join(root, 'public/gone.txt'), 'new'), () => read('gone.txt') === 'new', 1],
      [() => writeFileSync(join(root, 'public/added.txt'), 'added'), () => read('added.txt') === 'added', 1],
      [() => rmSync(join(root, 'public/added.txt'), { force: true }), () => !existsSync(at('added.txt')), 0],
      [() => writeFileSync(join(root, 'assets/a.txt'), 'changed'), () => read('x/a.txt') === 'changed', 1],
      [
        () => writeTree(root, { 'assets/new/deeper/n.txt': 'n', 'more/three.md': 'three' }),
        () => read('x/new/deeper/n.txt') === 'n' && read('three.md') === 'three',
        2,
      ],
      [
        () => rmSync(join(root, 'assets/new'), { recursive: true, force: true }),
        () => !existsSync(at('x/new')),
        0,
      ],
      [() => rmSync(join(root, 'more/one.md'), { force: true }), () => !existsSync(at('one.md')), 0],
    ];
    const read = (path: string) => existsSync(at(path)) && readFileSync(at(path), 'utf8');
    try {
      for (const [change, done, files] of steps) {
        await wait(host.rolldown ? 400 : 150);
        const before = setup.reports.length;
        expect(await watching.change(change)).toBe('built');
        await expect.poll(done, { timeout: 5000 }).toBe(true);
        const reports = setup.reports.slice(before).map((each) => Object.values(each)[0]!);
        const sum = reports.reduce((all, report) => all + report.files, 0);
        expect(sum).toBe(files);
        expect(same.map((path) => identityOf(at(path)))).toEqual(first);
        expect(bundled(at('.'))).toHaveLength(1);
      }
      expect(existsSync(at('two.txt'))).toBe(false);
      const ends = watching.ends.length;
      // What is placed is no reason to build again.
      await wait(500);
      expect(watching.ends).toHaveLength(ends);
    } finally {
      await watching.close();
    }
    expect([setup.log.warnings, setup.log.errors]).toEqual([[], []]);
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
    // Worker threads are started once, however often is built: one, and the others when one takes long.
    const threads = Math.min(availableParallelism(), 8);
    for (const { started } of outcomes) expect(started).toBeGreaterThanOrEqual(1);
    expect(outcomes.at(-1)!.started).toBeLessThanOrEqual(cases.length * threads);
  });
});
