import { existsSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Options } from 'unplugin-reflink';
import { afterEach, expect, test, vi } from 'vitest';
import type { Configuration, Watching } from 'webpack';
import { BUNDLE } from '../hosts/cases.ts';
import { identityOf, makeProject } from '../hosts/project.ts';
import { type Bundler, configOf, describeWebpacks, reporting } from './hosts.ts';

const opened: Watching[] = [];

afterEach(async () => {
  for (const watching of opened.splice(0)) await new Promise((resolve) => watching.close(resolve));
});

interface Watch {
  reports: ReturnType<typeof reporting>['reports'];
  /** What each build ended with. */
  builds: { errors: string[]; warnings: string[] }[];
  /** Builds that an action leads to. */
  after(act: () => void): Promise<number>;
}

/** Long enough for a build that should not be, short enough for a test. */
const QUIET_MS = 700;

async function watch(
  { webpack }: Bundler,
  root: string,
  options: Options,
  config: Configuration = {},
): Promise<Watch> {
  const { plugin, reports } = reporting(options);
  // Past the tick of the clock within which a source could change again and look the same.
  await wait(70);
  const compiler = webpack(configOf(root, { ...config, plugins: [plugin] }))!;
  const builds: Watch['builds'] = [];
  const settled = async (count: number) => {
    await vi.waitFor(() => expect(builds.length).toBeGreaterThan(count), { timeout: 15_000 });
    for (let before = -1; before !== builds.length; ) {
      before = builds.length;
      await wait(QUIET_MS);
    }
  };
  const watching = compiler.watch({ aggregateTimeout: 50 }, (error, stats) => {
    if (error) throw error;
    const of = (list: readonly Error[]) => list.map(({ message }) => message);
    builds.push({ errors: of(stats!.compilation.errors), warnings: of(stats!.compilation.warnings) });
  })!;
  opened.push(watching);
  await settled(0);
  // A project that was only just written may be built again at once.
  builds.splice(0, builds.length - 1);
  reports.splice(0, reports.length - 1);
  return {
    reports,
    builds,
    async after(act) {
      const count = builds.length;
      act();
      await settled(count);
      return builds.length - count;
    },
  };
}

const options: Options = { publicDir: 'static', targets: [{ from: 'assets/**/*.txt', to: 'texts' }] };

describeWebpacks((host) => {
  test.each([{}, { output: { clean: true } }])('files change, come and go: %j', async (config) => {
    const root = makeProject();
    const { after, reports, builds } = await watch(host, root, options, config);
    expect(builds).toEqual([{ errors: [], warnings: [] }]);
    const untouched = ['plain.txt', 'run.sh', 'one/two/three/deepest.bin', 'texts/a.txt'];
    const identities = () => untouched.map((name) => identityOf(join(root, 'dist', name)));
    const before = identities();
    const read = (name: string) => readFileSync(join(root, 'dist', name), 'utf8');

    expect(await after(() => writeFileSync(join(root, 'static/LICENSE'), 'changed'))).toBe(1);
    expect(read('LICENSE')).toBe('changed');
    expect(reports.at(-1)!.files).toBe(1);

    expect(await after(() => writeFileSync(join(root, 'static/one/added.txt'), 'added'))).toBe(1);
    expect(read('one/added.txt')).toBe('added');
    expect(await after(() => writeFileSync(join(root, 'assets/sub/new.txt'), 'new'))).toBe(1);
    expect(read('texts/sub/new.txt')).toBe('new');

    expect(await after(() => rmSync(join(root, 'static/one/added.txt')))).toBe(1);
    expect(existsSync(join(root, 'dist/one/added.txt'))).toBe(false);
    expect(reports.at(-1)).toMatchObject({ files: 0 });
    expect(identities()).toEqual(before);

    expect(await after(() => writeFileSync(join(root, 'main.js'), 'console.log("bundled again")'))).toBe(1);
    expect(read(BUNDLE)).toContain('bundled again');
    expect(identities()).toEqual(before);
    expect(reports.at(-1)).toMatchObject({ files: 0 });
    expect(builds.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  });

  test('an output inside what is watched does not begin builds', async () => {
    const root = makeProject();
    const given: Options = { targets: [{ from: '**/*.txt', ignore: ['dist/**', 'node_modules/**'] }] };
    const { after } = await watch(host, root, given);
    expect(await after(() => writeFileSync(join(root, 'assets/a.txt'), 'changed'))).toBe(1);
    expect(readFileSync(join(root, 'dist/assets/a.txt'), 'utf8')).toBe('changed');
  });

  test('names of the bundle change sides', async () => {
    const root = makeProject();
    // With what it keeps in memory webpack does not write a file again that it has written.
    const config: Configuration = { mode: 'development', devtool: false };
    const given: Options = { publicDir: 'static', targets: [{ from: 'more' }] };
    const { after, reports, builds } = await watch(host, root, given, config);
    const read = () => readFileSync(join(root, 'dist', BUNDLE), 'utf8');
    await after(() => writeFileSync(join(root, 'static', BUNDLE), 'public'));
    expect(read()).toContain('bundled');
    expect(builds.at(-1)!.warnings).toHaveLength(1);
    // Nothing of the bundle is new to webpack then.
    await after(() => writeFileSync(join(root, 'static/plain.txt'), 'changed'));
    expect(read()).toContain('bundled');
    await after(() => writeFileSync(join(root, 'more', BUNDLE), 'target'));
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

  test('a mistake is told in every build, and gone when it is mended', async () => {
    const root = makeProject();
    const { after, builds } = await watch(host, root, { publicDir: 'static' });
    await after(() => symlinkSync('nowhere', join(root, 'static/broken')));
    expect(builds.at(-1)!.errors).toEqual([expect.stringMatching(/static\/broken.*ENOENT/)]);
    await after(() => unlinkSync(join(root, 'static/broken')));
    expect(builds.at(-1)!.errors).toEqual([]);
  });

  test('a directory that is not there yet', async () => {
    const root = makeProject();
    const { after, builds } = await watch(host, root, {
      targets: [{ from: 'later.txt' }],
      allowMissing: true,
    });
    expect(builds[0]!.warnings).toHaveLength(1);
    await after(() => writeFileSync(join(root, 'later.txt'), 'later'));
    expect(readFileSync(join(root, 'dist/later.txt'), 'utf8')).toBe('later');
  });
});
