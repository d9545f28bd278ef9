import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';
import reflink from 'unplugin-reflink/esbuild';
import { expect, test } from 'vitest';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { watchesOf } from '../support/watches.js';
import { byDefault, type Context, isVouchedFor, until, untilIdle, withContext } from './contexts.ts';
import { buildOptions, describeEsbuilds } from './hosts.ts';

/** The project of the table without its links. */
function plainProject(tree: Record<string, string> = {}): string {
  const root = makeProject({ 'node_modules/some/package.json': '{}', ...tree });
  for (const link of ['linked.txt', 'linked-directory']) rmSync(join(root, 'static', link));
  return root;
}

const ours = ['plain.txt', 'run.sh', 'zero', 'one/two/three/deepest.bin', 'assets/a.txt', 'assets/sub/c.txt'];

describeEsbuilds((host) => {
  const contextOf = (root: string, body: (context: Context) => Promise<void>) =>
    withContext(host, root, byDefault, body);

  test('a rebuild with nothing changed touches nothing and compares nothing', async () => {
    const root = plainProject();
    await pastTick();
    await contextOf(root, async (context) => {
      const first = await context.rebuild();
      expect(first.files).toBeGreaterThan(10);
      const identities = () => ours.map((path) => identityOf(join(context.outDir, path)));
      const before = identities();
      const again = await context.rebuild();
      expect(again).toMatchObject({ files: 0, unchanged: first.files, methods: {} });
      expect(identities()).toEqual(before);
      expect(await isVouchedFor(context)).toBe(true);
      const repaired = identities();
      writeFileSync(join(context.root, 'main.js'), 'console.log("changed")');
      for (let run = 0; run < 3; run++) {
        expect(await context.rebuild()).toMatchObject({ files: 0, unchanged: first.files, methods: {} });
      }
      expect(readFileSync(join(context.outDir, 'bundle.js'), 'utf8')).toContain('changed');
      expect(identities()).toEqual(repaired);
    });
  });

  test.each<[string, (at: (path: string) => string) => void, string]>([
    ['deleted', (at) => rmSync(at('plain.txt')), 'plain.txt'],
    ['changed', (at) => writeFileSync(at('assets/a.txt'), 'other'), 'assets/a.txt'],
    [
      'replaced',
      (at) => {
        writeFileSync(at('../other'), 'other');
        renameSync(at('../other'), at('one/two/three/deepest.bin'));
      },
      'one/two/three/deepest.bin',
    ],
    ['emptied', (at) => rmSync(at('.'), { recursive: true }), 'assets/sub/c.txt'],
    [
      'replaced by an empty directory',
      (at) => {
        renameSync(at('.'), at('../before'));
        mkdirSync(at('.'));
      },
      'assets/sub/c.txt',
    ],
    ['without an empty directory', (at) => rmSync(at('empty'), { recursive: true }), 'empty'],
  ])('an output that was %s behind our back is repaired', async (_name, damage, path) => {
    await contextOf(plainProject(), async (context) => {
      const at = (each: string) => join(context.outDir, each);
      await context.rebuild();
      expect(await isVouchedFor(context)).toBe(true);
      // More than once, because new directories need new watches.
      for (let run = 0; run < 2; run++) {
        damage(at);
        await context.rebuild();
        expect(existsSync(at(path))).toBe(true);
        if (path !== 'empty') {
          const source = path.startsWith('assets/') ? path : `static/${path}`;
          expect(readFileSync(at(path))).toEqual(readFileSync(join(context.root, source)));
        }
        rmSync(at('../before'), { recursive: true, force: true });
        expect(await isVouchedFor(context)).toBe(true);
      }
    });
  });

  test.each<[string, (at: (path: string) => string) => void, Record<string, string | undefined>]>([
    ['changed', (at) => writeFileSync(at('static/plain.txt'), 'news'), { 'plain.txt': 'news' }],
    ['added', (at) => writeFileSync(at('assets/sub/new.txt'), 'new'), { 'assets/sub/new.txt': 'new' }],
    [
      'added in new directories',
      (at) => {
        mkdirSync(at('static/n/e/w'), { recursive: true });
        writeFileSync(at('static/n/e/w/f.txt'), 'deep');
      },
      { 'n/e/w/f.txt': 'deep' },
    ],
    ['deleted', (at) => rmSync(at('static/plain.txt')), { 'plain.txt': undefined }],
    [
      'moved away with its directory',
      (at) => {
        renameSync(at('static'), at('gone'));
        mkdirSync(at('static'));
        writeFileSync(at('static/only.txt'), 'only');
      },
      { 'only.txt': 'only', 'plain.txt': undefined },
    ],
  ])('a source that was %s is seen by the very next rebuild', async (_name, change, expected) => {
    await contextOf(plainProject(), async (context) => {
      await context.rebuild();
      expect(await isVouchedFor(context)).toBe(true);
      change((path) => join(context.root, path));
      await context.rebuild();
      for (const [path, content] of Object.entries(expected)) {
        const full = join(context.outDir, path);
        expect(existsSync(full) ? readFileSync(full, 'utf8') : undefined, path).toBe(content);
      }
    });
  });

  test('a link above the sources that leads elsewhere now is seen', async () => {
    const root = plainProject({ 'second/plain.txt': 'second' });
    symlinkSync('static', join(root, 'link'));
    await withContext(host, root, { publicDir: 'link' }, async (context) => {
      await context.rebuild();
      expect(await isVouchedFor(context)).toBe(true);
      rmSync(join(root, 'link'));
      symlinkSync('second', join(root, 'link'));
      await context.rebuild();
      expect(readFileSync(join(context.outDir, 'plain.txt'), 'utf8')).toBe('second');
    });
  });

  test('what is decided by a function, or lies behind a link, is compared each time', async () => {
    let calls = 0;
    const transform = (content: Buffer) => `${content} ${calls++}`;
    const root = makeProject({ 'node_modules/some/package.json': '{}' });
    const options = { publicDir: 'static', targets: [{ from: 'assets/a.txt', transform }] };
    await withContext(host, root, options, async ({ rebuild, outDir }) => {
      await rebuild();
      await untilIdle(root);
      const before = calls;
      await rebuild();
      expect(calls).toBe(before + 1);
      writeFileSync(join(root, 'behind'), 'behind');
      rmSync(join(root, 'static/linked.txt'));
      symlinkSync('../behind', join(root, 'static/linked.txt'));
      await rebuild();
      await untilIdle(root);
      writeFileSync(join(root, 'behind'), 'changed');
      await rebuild();
      expect(readFileSync(join(outDir, 'linked.txt'), 'utf8')).toBe('changed');
    });
  });

  test('a target that wins over the bundle does so again when esbuild writes its own', async () => {
    const root = plainProject({ 'assets/bundle.js': 'ours' });
    const options = { targets: [{ from: 'assets/*.js' }] };
    await withContext(host, root, options, async ({ context, outDir }) => {
      for (let run = 0; run < 4; run++) {
        writeFileSync(join(root, 'main.js'), `console.log(${run})`);
        const { warnings } = await context.rebuild();
        expect(warnings).toMatchObject([{ text: expect.stringContaining("the target's is kept") }]);
        expect(readFileSync(join(outDir, 'bundle.js'), 'utf8')).toBe('ours');
        await untilIdle(root);
      }
    });
  });

  test('warnings of a build are those of the next, also if nothing is compared', async () => {
    const root = plainProject({ 'static/bundle.js': 'public' });
    await withContext(host, root, byDefault, async ({ context, outDir }) => {
      for (let run = 0; run < 4; run++) {
        const { warnings } = await context.rebuild();
        expect(warnings).toMatchObject([
          { pluginName: 'unplugin-reflink', text: expect.stringContaining("bundle's is kept") },
        ]);
        expect(readFileSync(join(outDir, 'bundle.js'), 'utf8')).toContain('bundled');
        await untilIdle(root);
      }
    });
  });

  test('calls at once, a cancelled build and the end of the context in a copy', async () => {
    const root = plainProject();
    await withContext(host, root, byDefault, async ({ context, outDir, reports }) => {
      const [first, second] = await Promise.allSettled([context.rebuild(), context.rebuild()]);
      expect([first!.status, second!.status]).toEqual(['fulfilled', 'fulfilled']);
      expect(reports).toHaveLength(1);
      const before = reports.length;
      rmSync(outDir, { recursive: true });
      const cancelled = context.rebuild().then(
        () => 'built',
        () => 'cancelled',
      );
      await context.cancel();
      const isBuilt = (await cancelled) === 'built';
      // The build, the cancellation or a copy between builds may be first. Either everything is copied, or nothing.
      const isPlaced = () => isBuilt || reports.slice(before).some(({ files }) => files > 0);
      expect(await until(() => existsSync(join(outDir, 'plain.txt')) === isPlaced())).toBe(true);
      const rebuilding = context.rebuild();
      await Promise.all([rebuilding, context.dispose()]);
      expect(existsSync(join(outDir, 'assets/sub/c.txt'))).toBe(true);
    });
  });

  test('two contexts with one output directory leave each other alone', async () => {
    const root = plainProject();
    const { esbuild } = host;
    const contexts = await Promise.all(
      [{ publicDir: 'static' }, { targets: [{ from: 'assets' }] }, { targets: [{ from: 'assets' }] }].map(
        (options, number) =>
          esbuild.context({
            ...buildOptions(root, [reflink({ report: false, ...options })]),
            entryPoints: [{ in: 'main.js', out: `bundle${number}` }],
          }),
      ),
    );
    try {
      for (let run = 0; run < 3; run++) {
        await Promise.all(contexts.map((context) => context.rebuild()));
        for (const path of ['plain.txt', 'a.txt', 'sub/c.txt', 'bundle0.js', 'bundle1.js', 'bundle2.js'])
          expect(existsSync(join(root, 'dist', path)), path).toBe(true);
        await untilIdle(root);
      }
    } finally {
      await Promise.all(contexts.map((context) => context.dispose()));
    }
  });

  test('a context that only rebuilds watches nothing, and each rebuild compares', async () => {
    const root = plainProject();
    const places = ['', 'static', 'static/one/two', 'assets', 'dist', 'dist/assets'];
    const watched = () => places.map((each) => watchesOf(join(root, each)));
    /** Ends so long after our plugin that ours has started to watch, if this is a build of a watcher. */
    const slow: Plugin = {
      name: 'slow',
      setup: ({ onEnd }) =>
        onEnd(async () => {
          if (watches) await until(() => watched()[1] === 1);
        }),
    };
    let watches = false;
    const body = async ({ context, outDir }: Context) => {
      for (watches of [false, true, false]) {
        writeFileSync(join(root, 'static/plain.txt'), `changed ${watches}`);
        await context.rebuild();
        expect(readFileSync(join(outDir, 'plain.txt'), 'utf8')).toBe(`changed ${watches}`);
        expect(await until(() => watched().every((count) => count === 0))).toBe(true);
        await untilIdle(root);
        expect(watched()).toEqual(places.map(() => 0));
      }
    };
    const plugins = [reflink({ ...byDefault, report: false }), slow];
    await withContext(host, root, byDefault, body, { plugins });
  });

  test('a context watches once, and no more when it is over', async () => {
    const root = plainProject();
    const watched = () =>
      ['static', 'static/one/two', 'assets', 'dist'].map((each) => watchesOf(join(root, each)));
    await contextOf(root, async (context) => {
      await context.rebuild();
      expect(await isVouchedFor(context)).toBe(true);
      expect(watched()).toEqual([1, 1, 1, 1]);
      const parents = watchesOf(dirname(join(root, 'static')));
      for (let run = 0; run < 5; run++) {
        writeFileSync(join(root, 'static/plain.txt'), `changed ${run}`);
        await context.rebuild();
        await untilIdle(root);
      }
      expect(await until(() => watched().join() === '1,1,1,1')).toBe(true);
      expect(watchesOf(dirname(join(root, 'static')))).toBe(parents);
    });
    expect(await until(() => watched().join() === '0,0,0,0')).toBe(true);
    expect(watchesOf(root)).toBe(0);
  });
});
