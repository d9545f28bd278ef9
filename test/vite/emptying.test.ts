import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { InlineConfig, Plugin } from 'vite';
import { expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import type { TreeSpec } from '../support/trees.ts';
import {
  build,
  buildApp,
  copied,
  describeVites,
  type Host,
  manyFiles,
  type Options,
  pathsIn,
  project,
  writeOld,
} from './support.ts';

const few: TreeSpec = { 'public/a.txt': 'a', 'public/b/c.txt': 'c', 'extra/e.txt': 'e' };

type Order = 'pre' | null | 'post';
const orders: Order[] = ['pre', null, 'post'];

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Plugins that write files into the output by themselves, as plugins for reports about the bundle do. */
function writers(outDir: string, enforce?: 'pre' | 'post'): Plugin[] {
  return orders.flatMap((order): Plugin[] => {
    const hook = (name: string) => ({
      order,
      handler: () => write(join(outDir, 'theirs', `${enforce}-${name}-${order}.txt`), name),
    });
    return [
      {
        name: 'theirs',
        ...(enforce && { enforce }),
        buildStart: hook('buildStart'),
        renderStart: hook('renderStart'),
        generateBundle: hook('generateBundle'),
      },
    ];
  });
}

/** The files of other plugins, and older files, in the output after each of several builds. */
async function survivors(host: Host, options: Options | false, spec: TreeSpec): Promise<string[][]> {
  const root = project(spec);
  writeOld(root, { 'old.txt': 'old', 'old/deep.txt': 'old', 'theirs/old.txt': 'old', '.git/HEAD': 'ref' });
  await pastTick();
  const all: string[][] = [];
  for (let run = 0; run < 2; run++) {
    const around = [undefined, 'pre' as const, 'post' as const].map((each) =>
      writers(join(root, 'dist'), each),
    );
    await build(host, root, { options, first: around, plugins: [writers(join(root, 'dist'), 'post')] });
    all.push(pathsIn(join(root, 'dist')).filter((path) => /theirs|old|\.git/.test(path)));
    expect(readFileSync(join(root, 'dist/a.txt'), 'utf8')).toBe('a');
  }
  return all;
}

/** Delays all environments but one until that one has prepared its output or, if it is `ssr`, has written it. */
function inOrder(first: string): Plugin {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    name: 'in-order',
    async buildEnd() {
      if (this.environment.name !== first) await opened;
    },
    renderStart: {
      order: 'post',
      handler() {
        if (first !== 'ssr' && this.environment.name === first) open();
      },
    },
    writeBundle() {
      if (this.environment.name === first) open();
    },
  };
}

describeVites((host) => {
  const everyCopy: [name: string, options: Options | false, spec: TreeSpec][] = [
    ['few files', {}, few],
    ['many files', {}, { ...few, ...manyFiles }],
    ["the user's functions", { targets: [{ from: 'extra', filter: () => true }] }, { ...few, ...manyFiles }],
  ];
  test.each(everyCopy)(
    'what other plugins write into the output stays there as without ours, %s',
    async (_name, options, spec) => {
      const expected = await survivors(host, false, spec);
      expect(expected[1]).toContain('theirs/undefined-generateBundle-pre.txt');
      expect(await survivors(host, options, spec)).toEqual(expected);
    },
  );

  test('the output is emptied before any other plugin renders, and of what we copied nothing stale stays', async () => {
    const root = project({ ...few, 'public/gone.txt': 'gone', 'public/changed.txt': 'gone too' });
    await pastTick();
    await build(host, root);
    rmSync(join(root, 'public/gone.txt'));
    rmSync(join(root, 'public/changed.txt'));
    // A plugin that optimizes images changes files like this after the build.
    writeFileSync(join(root, 'dist/changed.txt'), 'optimized');
    writeOld(root, { 'old.txt': 'old', 'old/deep.txt': 'old' });
    await pastTick();
    const seen: string[][] = [];
    const look: Plugin = {
      name: 'look',
      enforce: 'post',
      renderStart: () => void seen.push(copied(join(root, 'dist'))),
    };
    const { report } = await build(host, root, { plugins: [look] });
    expect(seen).toHaveLength(1);
    expect(seen[0]!.filter((path) => path.startsWith('old'))).toEqual([]);
    expect(copied(join(root, 'dist'))).toEqual(['a.txt', 'b', 'b/c.txt']);
    // The page and its script do not count as deleted, because they exist again.
    expect(report).toMatchObject({ files: 0, unchanged: 2, pruned: 4 });
  });

  test('an output that is a file ends the build with what to do, and without a stack', async () => {
    const root = project(few);
    writeFileSync(join(root, 'dist'), 'a file');
    const error = await build(host, root).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.message).toContain('dist" is not a directory; delete or rename it');
    expect(error?.message).not.toMatch(/^ +at /m);
    expect(readFileSync(join(root, 'dist'), 'utf8')).toBe('a file');
  });

  test('an output that must not be emptied because a source is in it ends the build without a stack', async () => {
    const root = project(few);
    writeOld(root, { 'inner/a.txt': 'a' });
    const targets = [{ from: 'dist/inner', to: 'inner' }];
    const error = await build(host, root, { options: { targets } }).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.message).toContain('ERR_NESTED');
    expect(error?.message).not.toMatch(/^ +at /m);
  });

  test('a plugin may write a file where a public one was before', async () => {
    const root = project({ ...few, 'public/robots.txt': 'from the public directory' });
    await pastTick();
    await build(host, root);
    rmSync(join(root, 'public/robots.txt'));
    await pastTick();
    const plugin: Plugin = {
      name: 'robots',
      enforce: 'post',
      renderStart: () => write(join(root, 'dist/robots.txt'), 'from a plugin'),
    };
    await build(host, root, { plugins: [plugin] });
    expect(readFileSync(join(root, 'dist/robots.txt'), 'utf8')).toBe('from a plugin');
  });

  test('a source in the output that is to be emptied is refused, and stays', async () => {
    const root = project({ ...few, 'dist/made/m.txt': 'made' });
    const options = { targets: [{ from: 'dist/made', to: 'copied' }] };
    await expect(build(host, root, { options })).rejects.toThrow(/ERR_NESTED|lies inside the destination/);
    expect(readFileSync(join(root, 'dist/made/m.txt'), 'utf8')).toBe('made');
  });

  const parallel = (root: string): InlineConfig => ({
    environments: {
      client: { build: { outDir: 'dist' } },
      ssr: {
        build: {
          outDir: 'dist/server',
          copyPublicDir: false,
          rollupOptions: { input: join(root, 'main.js') },
        },
      },
    },
    builder: {
      buildApp: async ({ environments, build }) => {
        await Promise.all([build(environments.client!), build(environments.ssr!)]);
      },
    },
  });

  test.each(['client', 'ssr'])(
    'an output in another one survives a parallel build, %s first',
    async (first) => {
      const root = project({ ...few, ...manyFiles });
      writeOld(root, { 'old.txt': 'old', 'server/old.txt': 'old' });
      for (let run = 0; run < 2; run++) {
        await buildApp(host, root, { config: parallel(root), plugins: [inOrder(first)] });
        expect(existsSync(join(root, 'dist/server/main.js'))).toBe(true);
        expect(existsSync(join(root, 'dist/server/old.txt'))).toBe(false);
        expect(existsSync(join(root, 'dist/old.txt'))).toBe(false);
        expect(existsSync(join(root, 'dist/many/3/79.txt'))).toBe(true);
      }
    },
  );
});
