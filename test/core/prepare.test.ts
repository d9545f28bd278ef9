import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { copy, type Target } from 'fs-reflink';
import { type PrepareOptions, prepareCopies } from 'fs-reflink/host';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { filesOf, fill, inProcess, leavingNothing, workspace } from './support.ts';

const started = vi.fn();
beforeEach(() => void process.on('worker', started));
afterEach(() => {
  process.off('worker', started);
  started.mockReset();
});

describe('prepareCopies by the number of files', () => {
  let cwd: string;
  beforeEach(() => {
    cwd = workspace();
  });

  function written(name: string, files: number): string {
    mkdirSync(join(cwd, name), { recursive: true });
    if (files > 0) fill(join(cwd, name), { files, folders: 1 });
    return name;
  }

  const many = (): Target => ({ from: written('many', 80), to: 'out' });
  const few = (): Target => ({ from: written('few', 20), to: 'out' });

  it.each<[what: string, targets: () => Target[], options: PrepareOptions, workers: number]>([
    ['nothing', () => [], {}, 0],
    ['few files', () => [few()], {}, 0],
    ['few files, beside a busy thread', () => [few()], { busy: true }, 0],
    ['many files, which an idle thread copies by itself', () => [many()], {}, 0],
    ['many files, beside a busy thread', () => [few(), many()], { busy: true }, 1],
    ['many files, and a number of workers', () => [many()], { workers: 0, busy: true }, 0],
    ['few files, and a number of workers', () => [few()], { workers: 1 }, 1],
    // The calling thread has to call the function, and copies while it plans.
    ['many files with a function', () => [{ ...many(), filter: () => true }], { busy: true }, 0],
    ['a file that does not exist', () => [{ from: 'missing' }], { busy: true }, 0],
    ['a glob in a directory of few', () => [{ from: `${few().from}/**/*.txt` }], { busy: true }, 0],
    ['a glob in a directory of many', () => [{ from: `${many().from}/**` }], { busy: true }, 1],
    ['a glob beside a directory of many', () => [{ from: many() && '*.txt' }], { busy: true }, 0],
    ['a file in a directory of many', () => [{ from: `${many().from}/0` }], { busy: true }, 0],
  ])('boots for %s', async (_what, targets, options, workers) => {
    const copies = prepareCopies({ targets: targets(), cwd, ...options });
    expect(copies.workers).toBe(workers);
    await copies.ready;
    expect(started).toHaveBeenCalledTimes(workers);
    await copies.dispose();
  });

  it('looks no further than to know that they are many', () => {
    // The link makes an endless loop.
    symlinkSync('.', join(cwd, written('circle', 1), 'again'));
    expect(prepareCopies({ targets: [{ from: 'circle' }], cwd, workers: 0 }).workers).toBe(0);
    const copies = prepareCopies({ targets: [{ from: 'circle' }], cwd, busy: true });
    expect(copies.workers).toBe(1);
    return copies.dispose();
  });

  it('of names with characters of globs takes them literally', () => {
    written('[many]', 80);
    const copies = prepareCopies({ targets: [{ from: '[many]' }], cwd, busy: true });
    expect(copies.workers).toBe(1);
    return copies.dispose();
  });
});

describe('prepared copies', () => {
  it.each([0, 2])('start a copy with %i workers, which reports as copy does', async (workers) => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const report = (run: typeof copy) => run({ from: 'in', to: 'out' }, { cwd, entries: true });
    await leavingNothing(cwd, async () => {
      const copies = await bootWorkers(workers);
      const { durationMs: _ms, ...started } = await report(copies.start);
      const { durationMs: __ms, ...expected } = await report(copy);
      expect(started.files).toBe(1);
      expect(Object.keys(started)).toEqual(Object.keys(expected));
      await expect(copies.start({ from: 'missing' }, { cwd })).rejects.toMatchObject({ code: 'ENOENT' });
      await copies.dispose();
    });
  });

  it('keep workers over several copies, and end them when the last holder lets go', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    await leavingNothing(cwd, async () => {
      const [one, other] = await Promise.all([bootWorkers(1), bootWorkers(3)]);
      await one.dispose();
      await one.dispose();
      for (const to of ['x', 'y']) await copy({ from: 'in', to }, { cwd });
      await Promise.all(['p', 'q', 'r'].map((to) => copy({ from: 'in', to }, { cwd })));
      await other.dispose();
    });
    expect(started).toHaveBeenCalledTimes(3);
    expect(filesOf(cwd)).toEqual(['in/a', 'p/a', 'q/a', 'r/a', 'x/a', 'y/a']);
  });

  it('start after they were disposed of, and while they are', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    await leavingNothing(cwd, async () => {
      const copies = prepareCopies({ workers: 1 });
      const [report] = await Promise.all([copies.start({ from: 'in', to: 'x' }, { cwd }), copies.dispose()]);
      expect([report.files, (await copies.start({ from: 'in', to: 'y' }, { cwd })).files]).toEqual([1, 1]);
    });
  });

  it.each([
    ['workers', [-1, 9, 1.5, Number.NaN, '2']],
    ['busy', [1, 'yes']],
    ['targets', ['in']],
  ])('refuse a wrong option %s', (name, values) => {
    for (const value of values)
      expect(() => prepareCopies({ [name]: value })).toThrow(`fs-reflink: option "${name}" must be`);
  });

  it.each(['await prepareCopies({ workers: 2 }).ready; ', 'prepareCopies({ workers: 2 }); ', ''])(
    'let the process end by itself: %s',
    (held) => {
      const cwd = writeTree(workspace(), { 'in/a': 'a' });
      const code = `${held}return lib.copy({ from: "in", to: "out" }, argument);`;
      expect(inProcess(`const { prepareCopies } = host; ${code}`, { cwd }).value).toMatchObject({ files: 1 });
    },
  );

  it('are copied on the calling thread where no thread can be started', () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const code = `const copies = host.prepareCopies({ workers: 2 });
      await copies.ready;
      const report = await copies.start({ from: "in", to: "out" }, argument);
      await copies.dispose();
      return report;`;
    const noThreads =
      'data:text/javascript,' +
      encodeURIComponent(`
      import { syncBuiltinESMExports } from 'node:module';
      import threads from 'node:worker_threads';
      threads.Worker = class { constructor() { throw new Error('no threads'); } };
      syncBuiltinESMExports();`);
    const { value } = inProcess(code, { cwd }, { flags: ['--import', noThreads] });
    expect(value).toMatchObject({ files: 1 });
  });
});
