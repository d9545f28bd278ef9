import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CopyReport } from 'fs-reflink';
import type { RollupWatcher, RollupWatcherEvent } from 'rollup';
import type { Options } from 'unplugin-reflink';
import { afterEach, expect, test } from 'vitest';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { readTree, type TreeSpec } from '../support/trees.ts';
import { replaceAtOnce, untilWatched } from '../support/watches.js';
import { type Bundler, describeBundlers, logInto } from './hosts.ts';

const many: TreeSpec = Object.fromEntries(
  Array.from({ length: 80 }, (_each, index) => [`assets/many/${index}.txt`, `file ${index}`]),
);

const closing: (() => Promise<void>)[] = [];
const before = process.cwd();

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  process.chdir(before);
});

/** Starts a watcher whose rebuilds can be awaited. */
async function startWatching(
  host: Bundler,
  root: string,
  options: Options,
  sources = ['package.json', 'static/plain.txt', 'static/one/two', 'assets/sub/c.txt', 'more/notes.md'],
) {
  const reports: CopyReport[] = [];
  const log = { warnings: [] as string[], log: [] as string[] };
  process.chdir(root);
  const watcher = host.bundler.watch({
    input: join(root, 'main.js'),
    output: { dir: 'dist' },
    plugins: [host.plugin({ report: (report) => void reports.push(report), ...options })],
    onLog: logInto(log),
    watch: { buildDelay: 50 },
  }) as RollupWatcher;
  closing.push(async () => watcher.close());
  const ends: string[] = [];
  const changes: string[] = [];
  watcher.on('change', (id) => void changes.push(id));
  let failed = '';
  watcher.on('event', async (event: RollupWatcherEvent) => {
    if (event.code === 'START') failed = '';
    if (event.code === 'ERROR') failed = event.error.message;
    if (event.code === 'END') ends.push(failed || 'built');
    if ('result' in event) await event.result?.close();
  });
  const ended = async (count: number) => {
    while (ends.length <= count) await wait(5);
    return ends.at(-1)!;
  };
  // Rolldown watches the directories of files, and not the files.
  const watched = host.id === 'rolldown' ? dirname : (path: string) => path;
  await ended(0);
  return {
    reports,
    ends,
    log,
    changes,
    close: () => closing.splice(0)[0]!(),
    /** Makes a change that watchers see as one, and returns how the rebuild that follows ends. */
    async change(make: () => void): Promise<string> {
      await untilWatched(...['main.js', ...sources].map((each) => watched(join(root, each))));
      const count = ends.length;
      make();
      return ended(count);
    },
  };
}

const options: Options = {
  publicDir: 'static',
  targets: [{ from: 'assets', to: 'assets' }, { from: 'more/*.md' }, { from: 'package.json', to: 'single' }],
};

describeBundlers((host) => {
  test('an imported file that the engine copies is watched', async () => {
    const big = (letter: string) => letter.repeat(256 * 1024);
    const root = makeProject({
      'main.js': "import url from './big.bin';\nconsole.log(url);\n",
      'big.bin': big('a'),
    });
    await pastTick();
    const { reports, change } = await startWatching(host, root, { assets: true }, ['big.bin']);
    expect(reports).toMatchObject([{ files: 1, unchanged: 0 }]);
    expect(await change(() => replaceAtOnce(join(root, 'main.js'), "import './big.bin';"))).toBe('built');
    expect(reports[1]).toMatchObject({ files: 0, unchanged: 1, pruned: 0 });
    expect(await change(() => replaceAtOnce(join(root, 'big.bin'), big('b')))).toBe('built');
    expect(reports[2]).toMatchObject({ files: 1, pruned: 1 });
    const built = Object.values(readTree(join(root, 'dist'))).map(({ sha256 }) => sha256);
    expect(built).toContain(readTree(root)['big.bin']!.sha256);
  });

  test.each([
    ['few', {}],
    ['many', many],
  ])('what is added, changed and deleted is all that is touched, %s files', async (_name, tree) => {
    const root = makeProject({ ...tree, 'assets/gone.txt': 'gone' });
    const at = (path: string) => join(root, 'dist', path);
    await pastTick();
    const watching = await startWatching(host, root, options);
    const { reports } = watching;
    const total = reports[0]!.files;
    const kept = ['plain.txt', 'one/two/three/deepest.bin', 'assets/a.txt', 'notes.md', 'linked.txt'];
    const identities = () => kept.map((path) => identityOf(at(path)));
    const first = identities();

    const step = async (make: () => void, expected: Partial<CopyReport>) => {
      const count = reports.length;
      expect(await watching.change(make)).toBe('built');
      expect(reports).toHaveLength(count + 1);
      expect(reports.at(-1)).toMatchObject({ files: 0, pruned: 0, ...expected });
      expect(identities()).toEqual(first);
    };
    await step(() => replaceAtOnce(join(root, 'main.js'), 'console.log("second")'), {});
    expect(reports.at(-1)).toMatchObject({ files: 0, unchanged: total });
    await step(() => replaceAtOnce(join(root, 'static/added.txt'), 'added'), { files: 1 });
    expect(readFileSync(at('added.txt'), 'utf8')).toBe('added');
    await step(() => replaceAtOnce(join(root, 'assets/sub/c.txt'), 'changed'), { files: 1 });
    expect(readFileSync(at('assets/sub/c.txt'), 'utf8')).toBe('changed');
    await step(() => rmSync(join(root, 'assets/gone.txt')), { pruned: 1 });
    expect(existsSync(at('assets/gone.txt'))).toBe(false);
    await step(() => replaceAtOnce(join(root, 'more/new.md'), 'new'), { files: 1 });
    expect(readFileSync(at('new.md'), 'utf8')).toBe('new');
    await step(() => replaceAtOnce(join(root, 'package.json'), '{ "type": "module", "a": 1 }'), { files: 1 });
    expect(readFileSync(at('single/package.json'), 'utf8')).toContain('"a"');
    expect(watching.log.warnings).toEqual([]);
  });

  test('a build that fails in between is made up for by the next', async () => {
    const root = makeProject();
    const watching = await startWatching(host, root, options);
    const copied = readTree(join(root, 'dist'));
    for (const [path, content] of [
      ['main.js', 'this is no JavaScript'],
      ['static/added.txt', 'added'],
    ])
      expect(await watching.change(() => replaceAtOnce(join(root, path!), content!))).not.toBe('built');
    expect(readTree(join(root, 'dist'))).toEqual(copied);
    expect(await watching.change(() => replaceAtOnce(join(root, 'main.js'), 'console.log(3)'))).toBe('built');
    expect(readFileSync(join(root, 'dist/added.txt'), 'utf8')).toBe('added');
  });

  test('a source that is missing fails the build, and making it mends it', async () => {
    const root = makeProject();
    const watching = await startWatching(host, root, { targets: [{ from: 'assets/late.txt' }] }, [
      'assets/a.txt',
    ]);
    expect(watching.ends[0]).toContain('late.txt');
    expect(await watching.change(() => replaceAtOnce(join(root, 'assets/late.txt'), 'late'))).toBe('built');
    expect(readFileSync(join(root, 'dist/late.txt'), 'utf8')).toBe('late');
  });

  test('its own output is no reason to build again, also where a target is the whole project', async () => {
    const root = makeProject({ 'node_modules/x/readme.md': 'x' });
    const given: Options = {
      targets: [
        { from: '*.json', to: 'j' },
        { from: '**/*.md', ignore: ['dist', 'node_modules'] },
      ],
    };
    const watching = await startWatching(host, root, given, ['assets/b.md']);
    expect(await watching.change(() => replaceAtOnce(join(root, 'assets/b.md'), 'changed'))).toBe('built');
    expect(readFileSync(join(root, 'dist/assets/b.md'), 'utf8')).toBe('changed');
    // Until the plugin knows the output directory, the watcher may notice it once. Later copies are never noticed.
    const own = () => watching.changes.filter((id) => id.startsWith(join(root, 'dist'))).length;
    const [ends, noticed] = [watching.ends.length, own()];
    expect(ends).toBeLessThanOrEqual(3);
    for (const text of ['console.log(2)', 'console.log(3)'])
      expect(await watching.change(() => replaceAtOnce(join(root, 'main.js'), text))).toBe('built');
    expect(watching.ends).toHaveLength(ends + 2);
    expect(own()).toBe(noticed);
  });

  test('a watcher that is closed leaves no thread behind', async () => {
    const { readdirSync } = await import('node:fs');
    const nameOf = (id: string) => {
      try {
        return [readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim()];
      } catch {
        // The thread has ended since it was listed.
        return [];
      }
    };
    const names = () => readdirSync('/proc/self/task').flatMap(nameOf);
    const root = makeProject(many);
    const threads = names().length;
    const watching = await startWatching(host, root, options);
    await watching.close();
    await expect.poll(() => names().length - threads, { timeout: 200_000 }).toBeLessThanOrEqual(4);
  });
});
