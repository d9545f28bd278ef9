import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { type CopyOptions, copy } from 'fs-reflink';
import { type PreparedCopies, prepareCopies } from 'fs-reflink/host';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { generateFiles } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { contentsOf, fill, workspace } from './support.ts';

const library = new URL('../../packages/core/dist/index.js', import.meta.url).href;

/** More files than are copied before the copy checks the clock. */
const FILES = 400;

describe('a copy while no workers stand ready', () => {
  let started = 0;
  const count = () => started++;
  beforeEach(() => {
    started = 0;
    process.on('worker', count);
  });
  afterEach(() => void process.off('worker', count));

  test('of small files places all of them once, whichever thread does', async () => {
    const cwd = workspace();
    fill(`${cwd}/from`, { files: FILES, folders: 7 });
    const report = await copy({ from: 'from', to: 'to' }, { cwd, entries: true });
    expect(report.files).toBe(FILES);
    expect(new Set(report.entries!.map(({ destination }) => destination)).size).toBe(FILES);
    expect(contentsOf(`${cwd}/to`)).toEqual(contentsOf(`${cwd}/from`));
  });

  test('of many small files starts a worker while it still finds files, but not with a manifest', async () => {
    const cwd = workspace();
    const files = 17_000;
    generateFiles(`${cwd}/from`, { files, folders: 170, minBytes: 1, maxBytes: 1 });
    const startedBy = async (to: string, options: CopyOptions) => {
      started = 0;
      const report = await copy({ from: 'from', to }, { cwd, concurrency: 2, reflink: 'never', ...options });
      expect(report).toMatchObject({ files, methods: { read_write: { files, bytes: files } } });
      expect(filesIn(`${cwd}/${to}`)).toEqual(filesIn(`${cwd}/from`));
      return started;
    };
    expect(await startedBy('by two threads', {})).toBe(1);
    expect(await startedBy('with a manifest', { manifest: 'manifest' })).toBe(0);
  });

  test('of large files is left to workers, so that the thread stays free', async () => {
    const cwd = workspace();
    const names = ['a', 'b', 'c'];
    mkdirSync(`${cwd}/from`);
    for (const name of names) writeFileSync(`${cwd}/from/${name}`, name);
    // More than the calling thread copies in slices. Sparse, so that it takes no room.
    for (const name of names) truncateSync(`${cwd}/from/${name}`, 300_000_000);
    const report = await copy({ from: 'from', to: 'to' }, { cwd, concurrency: 2, reflink: 'never' });
    expect(report.files).toBe(3);
    expect(started).toBe(2);
    expect(names.map((name) => statSync(`${cwd}/to/${name}`).size)).toEqual(names.map(() => 300_000_000));
  });

  test('that is ended copies no more', async () => {
    const cwd = workspace();
    fill(`${cwd}/from`, { files: FILES, folders: 7 });
    const controller = new AbortController();
    const copying = copy({ from: 'from', to: 'to' }, { cwd, signal: controller.signal });
    controller.abort();
    await expect(copying).rejects.toMatchObject({ code: 'ABORT_ERR' });
    const copied = Object.values(contentsOf(`${cwd}/to`)).filter((content) => content !== 'directory');
    expect(copied.length).toBeLessThan(FILES);
  });

  test('whose callback throws ends with what it threw', async () => {
    const cwd = workspace();
    fill(`${cwd}/from`, { files: FILES, folders: 7 });
    const copied = copy(
      { from: 'from', to: 'to' },
      {
        cwd,
        onProgress: () => {
          throw new Error('the callback of the user');
        },
      },
    );
    await expect(copied).rejects.toThrow('the callback of the user');
    expect(Object.values(contentsOf(`${cwd}/to`)).length).toBeLessThan(FILES);
  });
});

const host = library.replace('index', 'host');

function runChild(cwd: string, script: string, ...args: string[]) {
  writeFileSync(`${cwd}/child.mjs`, script);
  return spawnSync(process.execPath, [`${cwd}/child.mjs`, ...args], {
    cwd,
    encoding: 'utf8',
    timeout: 200_000,
  });
}

/** The names of the files below a directory. To read thousands of contents would take most of the time of a test. */
const filesIn = (root: string) =>
  readdirSync(root, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();

describe('a copy whose workers end while they boot', () => {
  const ended: Worker[] = [];
  let most = 0;
  /** Ends the first workers that start from now on, `most` of them. */
  const end = (worker: Worker) => {
    if (ended.length >= most) return;
    ended.push(worker);
    void worker.terminate();
  };
  const endFirst = (count: number) => {
    most = count;
    process.on('worker', end);
  };
  afterEach(() => {
    process.off('worker', end);
    ended.splice(0);
  });

  test('goes on with the worker that it has', async () => {
    const workers = await bootWorkers(1);
    const cwd = workspace();
    generateFiles(`${cwd}/from`, { files: 9_000, folders: 9, minBytes: 10, maxBytes: 10 });
    endFirst(1);
    const { files } = await copy({ from: 'from', to: 'to' }, { cwd, concurrency: 2 });
    await workers.dispose();
    expect({ files, ended: ended.length }).toEqual({ files: 9_000, ended: 1 });
    expect(filesIn(`${cwd}/to`)).toEqual(filesIn(`${cwd}/from`));
  });

  test('waits for the disk on the calling thread', async () => {
    const cwd = workspace();
    fill(`${cwd}/from`, { files: 5, folders: 1 });
    endFirst(2);
    const { files } = await copy({ from: 'from', to: 'to' }, { cwd, concurrency: 2, durability: 'file' });
    expect({ files, ended: ended.length }).toEqual({ files: 5, ended: 2 });
    expect(contentsOf(`${cwd}/to`)).toEqual(contentsOf(`${cwd}/from`));
  });

  test('is planned by the calling thread if the only worker was to plan', async () => {
    const cwd = workspace();
    fill(`${cwd}/from`, { files: FILES, folders: 7 });
    endFirst(1);
    const prepared = prepareCopies({ workers: 1 });
    const { files } = await prepared.start({ from: 'from', to: 'to' }, { cwd });
    await prepared.dispose();
    expect({ files, ended: ended.length }).toEqual({ files: FILES, ended: 1 });
    expect(contentsOf(`${cwd}/to`)).toEqual(contentsOf(`${cwd}/from`));
  });

  test('fails if the first of two workers was to plan', async () => {
    const cwd = workspace();
    fill(`${cwd}/from`, { files: FILES, folders: 7 });
    endFirst(1);
    const prepared = prepareCopies({ workers: 2 });
    const copied = prepared.start({ from: 'from', to: 'to' }, { cwd });
    await expect(copied).rejects.toMatchObject({ code: 'ERR_WORKER' });
    await prepared.dispose();
    expect(ended).toHaveLength(1);
  });
});

describe('a copy while one worker of two stands ready', () => {
  let started = 0;
  const count = () => started++;
  let workers: PreparedCopies;
  beforeEach(async () => {
    workers = await bootWorkers(1);
    started = 0;
    process.on('worker', count);
  });
  afterEach(async () => {
    process.off('worker', count);
    await workers.dispose();
  });

  test.each([
    ['few files does without the other', { files: 5, folders: 1 }, 0],
    ['many files has the other booted', { files: 9_000, folders: 9 }, 1],
    [
      'files that take long has the other booted',
      { files: 4, folders: 1, minBytes: 60_000_000, maxBytes: 60_000_000 },
      1,
    ],
  ])('of %s', async (_what, volume, more) => {
    const cwd = workspace();
    generateFiles(`${cwd}/from`, { minBytes: 10, maxBytes: 10, ...volume });
    const report = await copy(
      { from: 'from', to: 'to' },
      { cwd, concurrency: 2, reflink: 'never', entries: true },
    );
    expect(started).toBe(more);
    expect(report.files).toBe(volume.files);
    expect(new Set(report.entries!.map(({ destination }) => destination)).size).toBe(volume.files);
    expect(filesIn(`${cwd}/to`)).toEqual(filesIn(`${cwd}/from`));
  });

  test('that fails while the other boots ends with what failed, and the next is whole', async () => {
    const cwd = workspace();
    generateFiles(`${cwd}/from`, { files: 9_000, folders: 9, minBytes: 10, maxBytes: 10 });
    mkdirSync(`${cwd}/to`);
    // The last file, so that the copy has work to do until it fails.
    const last = filesIn(`${cwd}/from`).at(-1)!;
    mkdirSync(`${cwd}/to/${last}`, { recursive: true });
    const copied = () => copy({ from: 'from', to: 'to' }, { cwd, concurrency: 2 });
    await expect(copied()).rejects.toMatchObject({ code: 'EISDIR', destination: `${cwd}/to/${last}` });
    rmSync(`${cwd}/to/${last}`, { recursive: true });
    await copied();
    expect(filesIn(`${cwd}/to`)).toEqual(filesIn(`${cwd}/from`));
  });

  test('and the user has functions boots none for what is in place', async () => {
    const cwd = workspace();
    generateFiles(`${cwd}/from`, { files: 200, folders: 2, minBytes: 10, maxBytes: 10 });
    // A file that was just written may change once more with the same times, so it would be copied again.
    await pastTick();
    const target = { from: 'from', to: 'to', filter: () => true };
    const options = { cwd, concurrency: 2, manifest: `${cwd}/manifest` };
    await copy(target, options);
    await workers.dispose();
    workers = await bootWorkers(1);
    started = 0;
    expect(await copy(target, options)).toMatchObject({ files: 0, unchanged: 200 });
    expect(started).toBe(0);
  });

  test('goes on alone when no other can be started', () => {
    const cwd = workspace();
    generateFiles(`${cwd}/from`, { files: 9_000, folders: 9, minBytes: 10, maxBytes: 10 });
    const { status, stdout } = runChild(
      cwd,
      `import { syncBuiltinESMExports } from 'node:module';
      import threads from 'node:worker_threads';
      let started = 0;
      threads.Worker = class extends threads.Worker {
        constructor(...options) {
          if (++started > 1) throw new Error('no more threads');
          super(...options);
        }
      };
      syncBuiltinESMExports();
      const { prepareCopies } = await import(${JSON.stringify(host)});
      const copies = prepareCopies({ workers: 1 });
      await copies.ready;
      const { files } = await copies.start({ from: 'from', to: 'to' }, { concurrency: 2 });
      await copies.dispose();
      console.log(files, started);`,
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: '9000 2\n' });
  });

  test.each([
    ['large files', ''],
    ['files that have to reach the disk', ", durability: 'file'"],
  ])('copies %s on the calling thread when no thread can be started', (_what, option) => {
    const cwd = workspace();
    generateFiles(`${cwd}/from`, { files: 5, folders: 1, minBytes: 400_000, maxBytes: 400_000 });
    const { status, stdout, stderr } = runChild(
      cwd,
      `import { syncBuiltinESMExports } from 'node:module';
      import threads from 'node:worker_threads';
      threads.Worker = class {
        constructor() {
          throw new Error('no threads');
        }
      };
      syncBuiltinESMExports();
      const { copy } = await import(${JSON.stringify(library)});
      const { files } = await copy({ from: 'from', to: 'to' }, { reflink: 'never'${option} });
      console.log(files);`,
    );
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '5\n', stderr: '' });
    expect(contentsOf(`${cwd}/to`)).toEqual(contentsOf(`${cwd}/from`));
  });

  test.each([
    ['durability', { durability: 'file' }],
    ['a copy past the page cache', { pageCache: 'bypass', reflink: 'never' }],
    ['a copy that keeps hard links', { durability: 'file', preserve: ['mode', 'timestamps', 'links'] }],
  ] as const)('%s is left to workers: the disk is waited for', async (_what, options) => {
    await workers.dispose();
    started = 0;
    const cwd = workspace();
    fill(`${cwd}/from`, { files: 3, folders: 1 });
    expect(await copy({ from: 'from', to: 'to' }, { cwd, concurrency: 1, ...options })).toMatchObject({
      files: 3,
    });
    expect(started).toBe(1);
    expect(contentsOf(`${cwd}/to`)).toEqual(contentsOf(`${cwd}/from`));
  });

  test('that has not come yet does not keep the process', () => {
    const { status } = runChild(
      workspace(),
      `import { prepareCopies } from ${JSON.stringify(host)};
      await prepareCopies({ workers: 1 }).ready;`,
    );
    expect(status).toBe(0);
  });

  test('loads nothing of the engine on the calling thread', () => {
    const cwd = workspace();
    fill(`${cwd}/from`, { files: 3, folders: 1 });
    const script = `
      import { prepareCopies } from ${JSON.stringify(host)};
      let loaded = false;
      const { dlopen } = process;
      process.dlopen = (...given) => {
        loaded = true;
        return dlopen.apply(process, given);
      };
      const copies = prepareCopies({ workers: process.argv[2] === 'held' ? 1 : 0 });
      await copies.ready;
      const { files } = await copies.start({ from: 'from', to: process.argv[2] });
      console.log(files, loaded);
      await copies.dispose();`;
    const outputs = ['held', 'none'].map((how) => runChild(cwd, script, how).stdout);
    expect(outputs).toEqual(['3 false\n', '3 true\n']);
  });
});

/** The files that an entry imports, directly or indirectly, before any function is called. */
function filesOf(entry: string): string[] {
  const loaded = new Set<string>();
  const load = (file: string) => {
    if (loaded.has(file)) return;
    loaded.add(file);
    const code = readFileSync(new URL(file, library), 'utf8');
    for (const [, imported] of code.matchAll(/^import .*"\.\/(.*)";$/gm)) load(imported!);
  };
  load(`${entry}.js`);
  return [...loaded];
}

test.each(['host', 'options'])(
  'the file of fs-reflink/%s imports no engine, directly or by way of others',
  (entry) => expect(filesOf(entry).filter((file) => /^(engine|copy)-/.test(file))).toEqual([]),
);

test('what is built has no characters that make V8 keep a file in two bytes each', () => {
  const places = [new URL('.', library), new URL('../../unplugin/dist/', library)];
  const built = places.flatMap((place) => readdirSync(place).map((name) => new URL(name, place)));
  const wide = built.filter(
    (file) => /\.c?js$/.test(file.pathname) && !/^[\0-\x7f]*$/.test(readFileSync(file, 'utf8')),
  );
  expect(wide.map(({ pathname }) => pathname)).toEqual([]);
});

test('what only a copy with a manifest needs is not imported with the library', () =>
  expect(filesOf('index').filter((file) => /^(earlier-runs|staged-file)-/.test(file))).toEqual([]));

describe('a process that ends while its worker threads boot', () => {
  // If a thread was ended while it loads an addon, the process would abort.
  const statusOf = (code: string, ...args: string[]) => {
    const script = `import * as lib from ${JSON.stringify(library)};import { prepareCopies } from ${JSON.stringify(host)};${code}`;
    const { status, signal, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', script, ...args],
      { encoding: 'utf8', timeout: 200_000 },
    );
    return { status, signal, stderr };
  };

  test('because it has nothing more to do ends as it should', () => {
    const cwd = workspace();
    fill(`${cwd}/from`, { files: 120, folders: 1 });
    const copies = `for (let time = 0; time < 10; time++)
      await lib.copy({ from: 'from', to: 'to' + time }, { cwd: process.argv[1] });`;
    for (let run = 0; run < 6; run++) {
      expect(statusOf(copies, cwd)).toEqual({ status: 0, signal: null, stderr: '' });
      for (let time = 0; time < 10; time++) rmSync(`${cwd}/to${time}`, { recursive: true });
    }
  });

  test.each([10, 20, 30, 40, 50, 60, 70, 80])('because it is ended after %i ms ends as it should', (ms) => {
    const code = `prepareCopies({ workers: 2 }); setTimeout(() => process.exit(7), ${ms});`;
    expect(statusOf(code)).toEqual({ status: 7, signal: null, stderr: '' });
  });
});
