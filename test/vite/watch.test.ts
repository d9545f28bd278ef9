import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CopyReport } from 'fs-reflink';
import type { Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { type TreeSpec, writeTree } from '../support/trees.ts';
import { replaceAtOnce, untilWatched } from '../support/watches.js';
import { buildInChild } from './child.ts';
import {
  bundled,
  copied,
  describeVites,
  expectWarnings,
  type Host,
  identityOf,
  manyFiles,
  pathsIn,
  project,
  type Setup,
  setUp,
  workspace,
} from './support.ts';

const few: TreeSpec = {
  'public/same.txt': 'same',
  'public/deep/same.txt': 'same',
  'public/gone.txt': 'gone',
};

/** Truncating a file and writing it are two changes. The delay makes one rebuild of them. */
const watch = { buildDelay: 50 };

/** A watcher whose rebuilds can be awaited. `sources` are the paths that have to be watched before they change. */
async function startWatching({ vite, rolldown }: Host, { root, config }: Setup, sources: string[]) {
  const watcher = (await vite.build({ ...config, build: { watch } })) as Rolldown.RolldownWatcher;
  const ends: string[] = [];
  const changes: string[] = [];
  let failed = false;
  watcher.on('change', (id) => void changes.push(id));
  watcher.on('event', ({ code }) => {
    if (code === 'START') failed = false;
    if (code === 'ERROR') failed = true;
    if (code === 'END') ends.push(failed ? 'failed' : 'built');
  });
  const ended = async (count: number) => {
    while (ends.length <= count) await wait(5);
    return ends.at(-1)!;
  };
  // Rolldown watches the directories of files, and not the files.
  const watched = rolldown ? dirname : (path: string) => path;
  await ended(0);
  /** Makes a change that watchers see as one, and returns how the rebuild that follows ends. */
  const change = async (make: () => void): Promise<string> => {
    const places = ['main.js', ...sources].map((path) => join(root, path));
    await untilWatched(...places.filter((path) => existsSync(path)).map(watched));
    const count = ends.length;
    make();
    return ended(count);
  };
  return {
    ends,
    changes,
    change,
    close: () => watcher.close(),
    /** Replaces the entry. */
    edit: (text: string) => change(() => replaceAtOnce(join(root, 'main.js'), text)),
  };
}

describeVites((host) => {
  test('vite build --watch copies an imported file when it has changed, and only then', async () => {
    const big = (letter: string) => letter.repeat(256 * 1024);
    const root = project({
      'public/same.txt': 'same',
      'main.js': "import url from './big.mp4';\nconsole.log(url);\n",
      'big.mp4': big('a'),
    });
    await pastTick();
    const setup = setUp(root, {}, { assets: true });
    const last = (): CopyReport => Object.values(setup.reports.at(-1)!)[0]!;
    const watching = await startWatching(host, setup, ['public/same.txt', 'big.mp4']);
    try {
      expect(last()).toMatchObject({ files: 2, unchanged: 0 });
      const edited = "import url from './big.mp4';\nconsole.log('second', url);\n";
      expect(await watching.edit(edited)).toBe('built');
      expect(last()).toMatchObject({ files: 0, unchanged: 2 });
      expect(await watching.change(() => replaceAtOnce(join(root, 'big.mp4'), big('b')))).toBe('built');
      expect(last()).toMatchObject({ files: 1, unchanged: 1 });
      const names = pathsIn(join(root, 'dist')).filter((path) => path.endsWith('.mp4'));
      expect(names).toHaveLength(1);
      expect(readFileSync(join(root, 'dist', names[0]!), 'utf8')).toBe(big('b'));
    } finally {
      await watching.close();
    }
  });

  test.each([
    ['few', few],
    ['many', { ...few, ...manyFiles }],
  ])('vite build --watch leaves the public files alone, %s files', async (_name, spec) => {
    const root = project({ ...spec, 'dist/old.txt': 'old' });
    const at = (path: string) => join(root, 'dist', path);
    const identities = () => ['same.txt', 'deep/same.txt'].map((path) => identityOf(at(path)));
    const total = Object.keys(spec).length;
    await pastTick();
    let fails = false;
    const writeBundle = () => {
      if (fails) throw new Error('failed on purpose');
    };
    const setup = setUp(root, {}, {}, { plugins: [{ name: 'fails', writeBundle }] });
    const last = (): CopyReport => Object.values(setup.reports.at(-1)!)[0]!;
    const watching = await startWatching(host, setup, ['public/same.txt', 'public/gone.txt']);
    try {
      expect(last()).toMatchObject({ files: total, unchanged: 0 });
      expect(copied(at('.'))).toEqual(copied(join(root, 'public')));
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

      // If a build fails in between, the next one copies what is missing.
      expect(await watching.edit('this is no JavaScript')).toBe('failed');
      expect(bundled(at('.'))).toEqual(hashes[2]);
      expect(copied(at('.'))).toEqual(copied(join(root, 'public')));
      fails = true;
      expect(await watching.edit('console.log("fails")')).toBe('failed');
      expect(identities()).toEqual(first);
      fails = false;
      const before = setup.reports.length;
      const add = () => replaceAtOnce(join(root, 'public/added.txt'), 'added');
      expect(await watching.change(add)).toBe('built');
      expect(await watching.change(() => rmSync(join(root, 'public/gone.txt')))).toBe('built');
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

  test('public files and targets that come, change and go are copied and deleted, alone', async () => {
    const root = project({
      ...few,
      'assets/a.txt': 'a',
      'assets/sub/b.txt': 'b',
      'more/one.md': 'one',
      'more/two.txt': 'two',
    });
    const at = (path: string) => join(root, 'dist', path);
    await pastTick();
    const targets = [{ from: 'assets', to: 'x' }, { from: 'more/*.md' }];
    const setup = setUp(root, {}, { targets });
    const watching = await startWatching(host, setup, [
      'public/deep/same.txt',
      'public/gone.txt',
      'assets/a.txt',
      'assets/sub/b.txt',
      'more/one.md',
    ]);
    const same = ['same.txt', 'deep/same.txt', 'x/sub/b.txt'];
    const first = same.map((path) => identityOf(at(path)));
    const apart = writeTree(workspace(), { 'new/deeper/n.txt': 'n' });
    const put = (path: string, content: string) => () => replaceAtOnce(join(root, path), content);
    const steps: [change: () => void, done: () => boolean, copied: number][] = [
      [put('public/gone.txt', 'new'), () => read('gone.txt') === 'new', 1],
      [put('public/added.txt', 'added'), () => read('added.txt') === 'added', 1],
      [() => rmSync(join(root, 'public/added.txt')), () => !existsSync(at('added.txt')), 0],
      [put('assets/a.txt', 'changed'), () => read('x/a.txt') === 'changed', 1],
      [
        () => renameSync(join(apart, 'new'), join(root, 'assets/new')),
        () => read('x/new/deeper/n.txt') === 'n',
        1,
      ],
      [put('more/three.md', 'three'), () => read('three.md') === 'three', 1],
      [() => renameSync(join(root, 'assets/new'), join(apart, 'new')), () => !existsSync(at('x/new')), 0],
      [() => rmSync(join(root, 'more/one.md')), () => !existsSync(at('one.md')), 0],
    ];
    const read = (path: string) => existsSync(at(path)) && readFileSync(at(path), 'utf8');
    try {
      for (const [change, done, files] of steps) {
        const before = setup.reports.length;
        expect(await watching.change(change)).toBe('built');
        expect(done()).toBe(true);
        const reports = setup.reports.slice(before).map((each) => Object.values(each)[0]!);
        const sum = reports.reduce((all, report) => all + report.files, 0);
        expect(sum).toBe(files);
        expect(same.map((path) => identityOf(at(path)))).toEqual(first);
        expect(bundled(at('.'))).toHaveLength(1);
      }
      expect(existsSync(at('two.txt'))).toBe(false);
      // Copied files are no reason to build again.
      expect(watching.changes.filter((id) => id.startsWith(at('.')))).toEqual([]);
      expect(watching.ends).toHaveLength(1 + steps.length);
      expect(await watching.edit('console.log("again")')).toBe('built');
      expect(watching.ends).toHaveLength(2 + steps.length);
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
    // Worker threads are started once for all builds, and only for many files with Rollup.
    const [forFew, forAll] = outcomes.map(({ started }) => started);
    expect(forFew).toBe(0);
    if (host.rolldown) expect(forAll).toBe(0);
    else expect(forAll).toBeGreaterThanOrEqual(1);
    expect(forAll).toBeLessThanOrEqual(Math.min(availableParallelism(), 8));
  });
});
