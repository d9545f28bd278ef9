import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CopyReport } from 'fs-reflink';
import type { RollupWatcher, RollupWatcherEvent } from 'rollup';
import type { Options } from 'unplugin-reflink';
import { afterEach, expect, test } from 'vitest';
import { identityOf, makeProject } from '../hosts/project.ts';
import { readTree, type TreeSpec } from '../support/trees.ts';
import { type Bundler, describeBundlers, logInto } from './hosts.ts';

const many: TreeSpec = Object.fromEntries(
  Array.from({ length: 80 }, (_each, index) => [`assets/many/${index}.txt`, `file ${index}`]),
);

/** Past the tick of the clock within which a source could change again and look the same. */
const settled = () => wait(70);

const closing: (() => Promise<void>)[] = [];
const before = process.cwd();

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  process.chdir(before);
});

/** A watching build whose rebuilds can be awaited. */
async function startWatching(host: Bundler, root: string, options: Options) {
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
  let failed = '';
  watcher.on('event', async (event: RollupWatcherEvent) => {
    if (event.code === 'START') failed = '';
    if (event.code === 'ERROR') failed = event.error.message;
    if (event.code === 'END') ends.push(failed || 'built');
    if ('result' in event) await event.result?.close();
  });
  const until = async (is: () => boolean, timeout: number): Promise<boolean> => {
    const end = Date.now() + timeout;
    while (!is() && Date.now() < end) await wait(10);
    return is();
  };
  expect(await until(() => ends.length > 0, 20_000), 'the first build').toBe(true);
  return {
    reports,
    ends,
    log,
    close: () => closing.splice(0)[0]!(),
    /** Makes a change until it is noticed, and says how the last rebuild ended once it is quiet. */
    async change(make: () => void): Promise<string> {
      // What was just begun to be watched may miss a change.
      await wait(300);
      const count = ends.length;
      make();
      if (!(await until(() => ends.length > count, 10_000))) return 'nothing';
      let seen = 0;
      while (seen !== ends.length) {
        seen = ends.length;
        await wait(300);
      }
      return ends.at(-1)!;
    },
  };
}

const options: Options = {
  publicDir: 'static',
  targets: [{ from: 'assets', to: 'assets' }, { from: 'more/*.md' }, { from: 'package.json', to: 'single' }],
};

describeBundlers((host) => {
  test.each([
    ['few', {}],
    ['many', many],
  ])('what is added, changed and deleted is all that is touched, %s files', async (_name, tree) => {
    const root = makeProject({ ...tree, 'assets/gone.txt': 'gone' });
    const at = (path: string) => join(root, 'dist', path);
    await settled();
    const watching = await startWatching(host, root, options);
    const { reports } = watching;
    const total = reports[0]!.files;
    const kept = ['plain.txt', 'one/two/three/deepest.bin', 'assets/a.txt', 'notes.md', 'linked.txt'];
    const identities = () => kept.map((path) => identityOf(at(path)));
    const first = identities();

    const step = async (make: () => void, expected: Partial<CopyReport>) => {
      const count = reports.length;
      expect(await watching.change(make)).toBe('built');
      // Writing a file may be seen as two changes.
      const seen = reports.slice(count);
      const sum = (key: 'files' | 'pruned') => seen.reduce((total, report) => total + report[key], 0);
      expect({ files: sum('files'), pruned: sum('pruned') }).toEqual({ files: 0, pruned: 0, ...expected });
      expect(identities()).toEqual(first);
    };
    await step(() => writeFileSync(join(root, 'main.js'), 'console.log("second")'), {});
    expect(reports.at(-1)).toMatchObject({ files: 0, unchanged: total });
    await step(() => writeFileSync(join(root, 'static/added.txt'), 'added'), { files: 1 });
    expect(readFileSync(at('added.txt'), 'utf8')).toBe('added');
    await step(() => writeFileSync(join(root, 'assets/sub/c.txt'), 'changed'), { files: 1 });
    expect(readFileSync(at('assets/sub/c.txt'), 'utf8')).toBe('changed');
    await step(() => rmSync(join(root, 'assets/gone.txt')), { pruned: 1 });
    expect(existsSync(at('assets/gone.txt'))).toBe(false);
    await step(() => writeFileSync(join(root, 'more/new.md'), 'new'), { files: 1 });
    expect(readFileSync(at('new.md'), 'utf8')).toBe('new');
    await step(() => writeFileSync(join(root, 'package.json'), '{ "type": "module", "a": 1 }'), { files: 1 });
    expect(readFileSync(at('single/package.json'), 'utf8')).toContain('"a"');
    expect(watching.log.warnings).toEqual([]);
  });

  test('a build that fails in between is made up for by the next', async () => {
    const root = makeProject();
    const watching = await startWatching(host, root, options);
    const placed = readTree(join(root, 'dist'));
    const failed = await watching.change(() => {
      writeFileSync(join(root, 'static/added.txt'), 'added');
      writeFileSync(join(root, 'main.js'), 'this is no JavaScript');
    });
    expect(failed).not.toBe('built');
    expect(readTree(join(root, 'dist'))).toEqual(placed);
    expect(await watching.change(() => writeFileSync(join(root, 'main.js'), 'console.log(3)'))).toBe('built');
    expect(readFileSync(join(root, 'dist/added.txt'), 'utf8')).toBe('added');
  });

  test('a source that is missing fails the build, and making it mends it', async () => {
    const root = makeProject();
    const watching = await startWatching(host, root, { targets: [{ from: 'assets/late.txt' }] });
    expect(watching.ends[0]).toContain('late.txt');
    expect(await watching.change(() => writeFileSync(join(root, 'assets/late.txt'), 'late'))).toBe('built');
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
    const watching = await startWatching(host, root, given);
    await wait(1500);
    // An output that was there before it was known for one may be noticed once.
    const ends = watching.ends.length;
    expect(ends).toBeLessThanOrEqual(2);
    expect(await watching.change(() => writeFileSync(join(root, 'assets/b.md'), 'changed'))).toBe('built');
    expect(readFileSync(join(root, 'dist/assets/b.md'), 'utf8')).toBe('changed');
    const after = watching.ends.length;
    await wait(1000);
    expect(watching.ends.length).toBe(after);
  });

  test('a watcher that is closed leaves no thread behind', async () => {
    const { readdirSync } = await import('node:fs');
    const nameOf = (id: string) => {
      try {
        return [readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim()];
      } catch {
        // It has ended since it was listed.
        return [];
      }
    };
    const names = () => readdirSync('/proc/self/task').flatMap(nameOf);
    const root = makeProject(many);
    const threads = names().length;
    const watching = await startWatching(host, root, options);
    await watching.close();
    for (let turn = 0; turn < 50 && names().length > threads + 4; turn++) await wait(20);
    expect(names().length - threads, names().join()).toBeLessThanOrEqual(4);
  });
});
