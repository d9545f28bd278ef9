import fs, {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Options } from 'unplugin-reflink';
import { afterEach, expect, test, vi } from 'vitest';
import type { Configuration, Watching } from 'webpack';
import { BUNDLE } from '../hosts/cases.ts';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { symlink } from '../support/trees.ts';
import { replaceAtOnce, untilWatched, watchesOf } from '../support/watches.js';
import { type Bundler, configOf, describeWebpacks, reporting } from './hosts.ts';

const opened: Watching[] = [];

afterEach(async () => {
  for (const watching of opened.splice(0)) await new Promise((resolve) => watching.close(resolve));
});

interface Watch {
  reports: ReturnType<typeof reporting>['reports'];
  /** The messages of each build. */
  builds: { errors: string[]; warnings: string[] }[];
  /** Makes a change that webpack's watcher notices, and waits for the build that the change causes. */
  after(act: () => void): Promise<void>;
  /** The changed paths in the output that webpack has reported. */
  noticed: string[];
}

async function watch(
  { webpack }: Bundler,
  root: string,
  options: Options,
  config: Configuration = {},
): Promise<Watch> {
  const { plugin, reports } = reporting(options);
  await pastTick();
  const compiler = webpack(configOf(root, { ...config, plugins: [plugin] }))!;
  const builds: Watch['builds'] = [];
  const noticed: string[] = [];
  const ended = async (count: number) => {
    const until = Date.now() + 60_000;
    while (builds.length <= count) {
      if (Date.now() > until) throw new Error(`No build after ${count}: ${describeState()}`);
      await wait(5);
    }
  };
  const describeState = () => {
    const { running, invalid } = watching as unknown as Record<string, boolean>;
    const watches = ['', 'static', 'assets'].map((name) => `${name || '.'} ${watchesOf(join(root, name))}`);
    return JSON.stringify({ running, invalid, watches, reports: reports.length, builds });
  };
  compiler.hooks.watchRun.tap('test', ({ modifiedFiles = [], removedFiles = [] }) => {
    const output = join(root, 'dist');
    noticed.push(...[...modifiedFiles, ...removedFiles].filter((path) => path.startsWith(output)));
  });
  const watching = compiler.watch({ aggregateTimeout: 50 }, (error, stats) => {
    if (error) throw error;
    const of = (list: readonly Error[]) => list.map(({ message }) => message);
    builds.push({ errors: of(stats!.compilation.errors), warnings: of(stats!.compilation.warnings) });
  })!;
  opened.push(watching);
  await ended(0);
  return {
    reports,
    builds,
    noticed,
    async after(act) {
      await untilWatched();
      const count = builds.length;
      act();
      await ended(count);
    },
  };
}

const options: Options = { publicDir: 'static', targets: [{ from: 'assets/**/*.txt', to: 'texts' }] };

describeWebpacks((host) => {
  test.each([{}, { output: { clean: true } }])('files change, appear and vanish: %j', async (config) => {
    const root = makeProject();
    const { after, reports, builds, noticed } = await watch(host, root, options, config);
    expect(builds).toEqual([{ errors: [], warnings: [] }]);
    const untouched = ['plain.txt', 'run.sh', 'one/two/three/deepest.bin', 'texts/a.txt'];
    const identities = () => untouched.map((name) => identityOf(join(root, 'dist', name)));
    const before = identities();
    const read = (name: string) => readFileSync(join(root, 'dist', name), 'utf8');

    await after(() => replaceAtOnce(join(root, 'static/LICENSE'), 'changed'));
    expect(read('LICENSE')).toBe('changed');
    expect(reports.at(-1)!.files).toBe(1);

    await after(() => replaceAtOnce(join(root, 'static/one/added.txt'), 'added'));
    expect(read('one/added.txt')).toBe('added');
    await after(() => replaceAtOnce(join(root, 'assets/sub/new.txt'), 'new'));
    expect(read('texts/sub/new.txt')).toBe('new');

    await after(() => rmSync(join(root, 'static/one/added.txt')));
    expect(existsSync(join(root, 'dist/one/added.txt'))).toBe(false);
    expect(reports.at(-1)).toMatchObject({ files: 0 });
    expect(identities()).toEqual(before);

    await after(() => replaceAtOnce(join(root, 'main.js'), 'console.log("bundled again")'));
    expect(read(BUNDLE)).toContain('bundled again');
    expect(identities()).toEqual(before);
    expect(reports.at(-1)).toMatchObject({ files: 0 });
    // Each change caused one build.
    expect(builds).toHaveLength(6);
    expect(noticed).toEqual([]);
    expect(builds.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  });

  test('if one file changes, only this file is compared and copied', async () => {
    const many = Array.from({ length: 60 }, (_each, number) => [`static/many/${number}.txt`, 'as it was']);
    const root = makeProject({ ...Object.fromEntries(many), 'static/linked': symlink('../assets') });
    const { after, reports, builds } = await watch(host, root, { publicDir: 'static' });
    const total = reports[0]!.files + reports[0]!.unchanged;
    const changed = join(root, 'static/many/7.txt');
    // The next build still checks all files: only from then on webpack reports the times of files.
    // The file is written in place, so that its directory does not change.
    await after(() => writeFileSync(changed, 'first'));
    await pastTick();
    const seen = new Set<string>();
    for (const method of ['readdirSync', 'lstatSync', 'statSync', 'readFileSync'] as const) {
      const original = fs[method] as (...given: unknown[]) => unknown;
      vi.spyOn(fs, method).mockImplementation(((...given: unknown[]) => {
        seen.add(`${method} ${String(given[0])}`);
        return original(...given);
      }) as never);
    }
    await after(() => writeFileSync(changed, 'second'));
    vi.restoreAllMocks();
    const of = (method: string, below: string) =>
      [...seen].filter((each) => each.startsWith(`${method} ${join(root, below)}`));
    expect(of('readdirSync', 'static')).toEqual([]);
    expect(of('readFileSync', 'static')).toEqual([]);
    expect(of('lstatSync', 'static/many/')).toEqual([`lstatSync ${changed}`]);
    expect(of('lstatSync', 'dist/')).toEqual([]);
    expect(readFileSync(join(root, 'dist/many/7.txt'), 'utf8')).toBe('second');
    expect(reports.at(-1)).toMatchObject({ files: 1, unchanged: total - 1, pruned: 0 });
    // webpack does not watch the files behind a link. The plugin checks them in every build.
    writeFileSync(join(root, 'assets/a.txt'), 'behind a link');
    await after(() => writeFileSync(join(root, 'main.js'), 'console.log("bundled again")'));
    expect(readFileSync(join(root, 'dist/linked/a.txt'), 'utf8')).toBe('behind a link');
    expect(reports.at(-1)).toMatchObject({ files: 1, unchanged: total - 1 });
    expect(builds.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  });

  test('the next build copies again what was deleted from the output', async () => {
    const root = makeProject();
    const { after, reports } = await watch(host, root, options);
    await after(() => replaceAtOnce(join(root, 'static/LICENSE'), 'changed'));
    rmSync(join(root, 'dist/plain.txt'));
    rmSync(join(root, 'dist/texts'), { recursive: true });
    await after(() => replaceAtOnce(join(root, 'main.js'), 'console.log("bundled again")'));
    expect(readFileSync(join(root, 'dist/plain.txt'), 'utf8')).toBe('plain');
    expect(existsSync(join(root, 'dist/texts/a.txt'))).toBe(true);
    expect(reports.at(-1)!.files).toBeGreaterThan(1);
  });

  test('directories are created and deleted, empty ones too', async () => {
    const root = makeProject();
    const { after } = await watch(host, root, { publicDir: 'static' });
    await after(() => replaceAtOnce(join(root, 'static/LICENSE'), 'changed'));
    await after(() => mkdirSync(join(root, 'static/one/new')));
    await after(() => replaceAtOnce(join(root, 'static/LICENSE'), 'changed again'));
    expect(existsSync(join(root, 'dist/one/new'))).toBe(true);
    await after(() => rmSync(join(root, 'static/one/two'), { recursive: true }));
    // Deleting a directory with its contents may cause more than one build.
    const isGone = () => !existsSync(join(root, 'dist/one/two/three/deepest.bin'));
    await expect.poll(isGone, { timeout: 200_000 }).toBe(true);
  });

  test('files outside the output, and names that a function gives', async () => {
    const root = makeProject();
    const named = { from: 'assets', to: 'named', rename: (name: string) => `${name}.copy` };
    const given: Options = { targets: [{ from: 'assets', to: join(root, 'elsewhere') }, named] };
    const { after, reports } = await watch(host, root, given);
    for (const content of ['first', 'second']) {
      await after(() => replaceAtOnce(join(root, 'assets/a.txt'), content));
      expect(readFileSync(join(root, 'elsewhere/a.txt'), 'utf8')).toBe(content);
      expect(readFileSync(join(root, 'dist/named/a.txt.copy'), 'utf8')).toBe(content);
      expect(reports.at(-1)!.files).toBe(2);
    }
  });

  test('an output inside a watched directory does not start builds', async () => {
    const root = makeProject();
    const given: Options = { targets: [{ from: '**/*.txt', ignore: ['dist/**', 'node_modules/**'] }] };
    const { after, builds, noticed } = await watch(host, root, given);
    for (const content of ['changed', 'changed again']) {
      await after(() => replaceAtOnce(join(root, 'assets/a.txt'), content));
      expect(readFileSync(join(root, 'dist/assets/a.txt'), 'utf8')).toBe(content);
    }
    expect(builds).toHaveLength(3);
    expect(noticed).toEqual([]);
  });

  test('a name moves between the bundle and the public directory', async () => {
    const root = makeProject();
    // In this mode webpack uses its cache in memory, and does not write a file again that it has written.
    const config: Configuration = { mode: 'development', devtool: false };
    const given: Options = { publicDir: 'static', targets: [{ from: 'more' }] };
    const { after, reports, builds } = await watch(host, root, given, config);
    const read = () => readFileSync(join(root, 'dist', BUNDLE), 'utf8');
    await after(() => replaceAtOnce(join(root, 'static', BUNDLE), 'public'));
    expect(read()).toContain('bundled');
    expect(builds.at(-1)!.warnings).toHaveLength(1);
    // In this build, webpack does not write the bundle again.
    await after(() => replaceAtOnce(join(root, 'static/plain.txt'), 'changed'));
    expect(read()).toContain('bundled');
    await after(() => replaceAtOnce(join(root, 'more', BUNDLE), 'target'));
    expect(read()).toBe('target');
    expect(builds.at(-1)!.warnings).toEqual([
      expect.stringContaining('both in the targets and in the bundle'),
    ]);
    await after(() => rmSync(join(root, 'more', BUNDLE)));
    expect(read()).toContain('bundled');
    await after(() => rmSync(join(root, 'static', BUNDLE)));
    expect(read()).toContain('bundled');
    expect(builds.at(-1)).toEqual({ errors: [], warnings: [] });
    expect(reports).toHaveLength(builds.length);
  });

  test('an error is reported in every build until it is corrected', async () => {
    const root = makeProject();
    const { after, builds } = await watch(host, root, { publicDir: 'static' });
    await after(() => symlinkSync('nowhere', join(root, 'static/broken')));
    expect(builds.at(-1)!.errors).toEqual([expect.stringMatching(/static\/broken.*ENOENT/)]);
    await after(() => unlinkSync(join(root, 'static/broken')));
    expect(builds.at(-1)!.errors).toEqual([]);
  });

  test.each([[false], [true]])('a file replaces a directory, output.clean: %j', async (clean) => {
    const root = makeProject({ 'static/swap/x.txt': 'x', 'static/swap/deep/y.txt': 'y' });
    const { builds, after } = await watch(host, root, { publicDir: 'static' }, { output: { clean } });
    await after(() => {
      rmSync(join(root, 'static/swap'), { recursive: true });
      writeFileSync(join(root, 'static/swap'), 'file');
    });
    await expect
      .poll(() => statSync(join(root, 'dist/swap'), { throwIfNoEntry: false })?.isFile(), {
        timeout: 200_000,
      })
      .toBe(true);
    expect(builds.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(readFileSync(join(root, 'dist/swap'), 'utf8')).toBe('file');
    expect(existsSync(join(root, 'dist/plain.txt'))).toBe(true);
  });

  test('a directory that does not exist yet', async () => {
    const root = makeProject();
    const { after, builds } = await watch(host, root, {
      targets: [{ from: 'later.txt' }],
      allowMissing: true,
    });
    expect(builds[0]!.warnings).toHaveLength(1);
    await after(() => replaceAtOnce(join(root, 'later.txt'), 'later'));
    expect(readFileSync(join(root, 'dist/later.txt'), 'utf8')).toBe('later');
  });
});
