import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import reflink from 'unplugin-reflink/vite';
import type { BuildEnvironmentOptions, InlineConfig } from 'vite';
import { expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { readTree, type TreeSpec } from '../support/trees.ts';
import {
  type BuildSetup,
  build,
  copied,
  describeVites,
  LONG_AGO,
  manyFiles,
  mtimeOf,
  project,
  workspace,
  writeOld,
} from './support.ts';

const spec: TreeSpec = { 'public/a.txt': 'a', 'public/b/c.txt': 'c' };
const NOT_EMPTIED = 'is not inside project root and will not be emptied';
const NOT_SEPARATE = 'The public directory feature may not work correctly';

type Output = { dir?: string; entryFileNames?: string; format?: 'es' | 'cjs' };
type OutputsOf = (root: string) => Output[];

/** Absolute paths, because a relative `dir` of an output means something else in Rolldown than in Vite. */
const outputs: [name: string, outputsOf: OutputsOf, outDirs: string[]][] = [
  [
    'two directories',
    (root) => [{ dir: join(root, 'dist/a') }, { dir: join(root, 'dist/b') }],
    ['dist/a', 'dist/b'],
  ],
  ['one directory', () => [{ entryFileNames: 'one.js' }, { entryFileNames: 'two.js' }], ['dist']],
  [
    'one within the other',
    (root) => [{ dir: join(root, 'dist') }, { dir: join(root, 'dist/in') }],
    ['dist', 'dist/in'],
  ],
  [
    'the outer one last',
    (root) => [{ dir: join(root, 'dist/in') }, { dir: join(root, 'dist') }],
    ['dist/in', 'dist'],
  ],
];

const toConfig = (output: Output | Output[]): InlineConfig => ({
  build: { rollupOptions: { output } } as BuildEnvironmentOptions,
});

describeVites((host) => {
  test.each(outputs)('several outputs, %s', async (_name, outputsOf, outDirs) => {
    const root = project(spec);
    for (const outDir of outDirs) writeOld(root, { 'old.txt': 'old', '.git/HEAD': 'ref' }, outDir);
    await pastTick();
    const config = toConfig(outputsOf(root));
    const built = await build(host, root, { config });
    expect(built.reports.flatMap(Object.keys)).toEqual(outDirs);
    expect(built.copiedByVite).toEqual([]);
    for (const outDir of outDirs) {
      const own = copied(join(root, outDir)).filter((path) => !/^(in\/?|one\.js|two\.js)/.test(path));
      expect(own).toEqual(['.git', '.git/HEAD', 'a.txt', 'b', 'b/c.txt']);
      expect(mtimeOf(join(root, outDir, 'b/c.txt'))).toEqual(LONG_AGO);
    }
    const again = await build(host, root, { config });
    expect(again.reports.flatMap((report) => Object.values(report))).toMatchObject(
      outDirs.map(() => ({ files: 0, unchanged: 2 })),
    );
  });

  const severalInOne: [name: string, config: InlineConfig][] = [
    ['an array', toConfig([{ entryFileNames: 'one.js' }, { entryFileNames: 'two.js' }])],
    ['formats of a library', { build: { lib: { entry: 'main.js', formats: ['es', 'cjs'] } } }],
    ['the default formats of a library', { build: { lib: { entry: 'main.js', name: 'library' } } }],
    [
      'a library whose formats an array replaces',
      {
        build: {
          lib: { entry: 'main.js', name: 'library' },
          ...toConfig([1, 2, 3].map((name) => ({ entryFileNames: `${name}.js` }))).build,
        },
      },
    ],
  ];
  test.each(severalInOne)(
    'of several outputs in one directory, %s, the next build reports none as deleted',
    async (_name, config) => {
      const root = project(spec);
      const first = await build(host, root, { config });
      const names = copied(join(root, 'dist'));
      const again = await build(host, root, { config });
      expect(first.reports).toMatchObject([{ dist: { files: 2 } }]);
      expect(again.reports).toMatchObject([{ dist: { pruned: 0 } }]);
      expect(copied(join(root, 'dist'))).toEqual(names);
    },
  );

  test('a directory of the public one where an output is', async () => {
    const root = project({ ...spec, 'public/in/of-outer.txt': 'outer', 'public/in/deep/d.txt': 'd' });
    for (const isOuterLast of [false, true]) {
      const trees = [false as const, {}].map(async (options) => {
        const outDir = join(root, `${isOuterLast}${options ? ' with' : ' without'}`);
        const output = [{ dir: outDir }, { dir: join(outDir, 'in') }];
        const config = toConfig(isOuterLast ? output.reverse() : output);
        for (let run = 0; run < 2; run++) await build(host, root, { config, options });
        return copied(outDir);
      });
      expect(await trees[1]).toEqual(await trees[0]);
    }
  });

  test.each([
    ['few', spec],
    ['many', { ...spec, ...manyFiles }],
  ])('lib mode, es and umd, %s files', async (_name, files) => {
    const root = project(files);
    writeOld(root, { 'old.txt': 'old' });
    const lib = { entry: 'main.js', formats: ['es' as const, 'umd' as const], name: 'lib', fileName: 'lib' };
    const built = await build(host, root, { config: { build: { lib } } });
    expect(built.reports).toHaveLength(1);
    expect(built.report.files).toBe(Object.keys(files).length);
    expect(built.copiedByVite).toEqual([]);
    const names = Object.keys(readTree(join(root, 'dist')));
    expect(names).toEqual(expect.arrayContaining(['a.txt', 'b/c.txt', 'lib.js', 'lib.umd.cjs']));
    expect(names).not.toContain('old.txt');
  });

  const emptied: [name: string, outDir: string, emptyOutDir: boolean | null, isEmptied: boolean][] = [
    ['in the project', 'dist', null, true],
    ['in the project, emptyOutDir: true', 'dist', true, true],
    ['in the project, emptyOutDir: false', 'dist', false, false],
    ['in the project, with a name of dots', '..dist', null, true],
    ['outside', '../elsewhere', null, false],
    ['outside, emptyOutDir: true', '../elsewhere', true, true],
    ['outside, emptyOutDir: false', '../elsewhere', false, false],
  ];
  test.each(emptied)('output %s', async (_name, outDir, emptyOutDir, isEmptied) => {
    const root = project(spec);
    writeOld(
      root,
      { 'old.txt': 'old', 'old/deep.txt': 'old', '.git/HEAD': 'ref', 'a.txt': 'another' },
      outDir,
    );
    const warnings = outDir.startsWith('../') && emptyOutDir === null ? [NOT_EMPTIED] : [];
    const config = { build: { outDir, emptyOutDir } };
    for (let run = 0; run < 2; run++) {
      const built = await build(host, root, { config, warnings });
      // The page and its script do not count as deleted, because they exist again.
      expect(built.report.pruned).toBe(isEmptied && run === 0 ? 2 : 0);
      expect(built.copiedByVite).toEqual([]);
      const old = isEmptied ? [] : ['old', 'old.txt', 'old/deep.txt'];
      const expected = ['.git', '.git/HEAD', 'a.txt', 'b', 'b/c.txt', ...old];
      expect(copied(join(root, outDir)).sort()).toEqual(expected.sort());
      expect(mtimeOf(join(root, outDir, 'a.txt'))).toEqual(LONG_AGO);
    }
  });

  test('without emptyOutDir builds that share an output leave alone what another has placed', async () => {
    const root = project({ ...spec, 'extra/d.txt': 'd', 'extra/e.txt': 'e' });
    const targets = [{ from: 'extra', to: 'x' }];
    for (let run = 0; run < 2; run++) {
      await build(host, root, { config: { build: { emptyOutDir: false } } });
      const config = { mode: 'other', publicDir: false as const, build: { emptyOutDir: false } };
      await build(host, root, { config, options: { targets } });
      expect(copied(join(root, 'dist'))).toEqual(['a.txt', 'b', 'b/c.txt', 'x', 'x/d.txt', 'x/e.txt']);
    }
    rmSync(join(root, 'public/a.txt'));
    await build(host, root, { config: { build: { emptyOutDir: false } } });
    expect(copied(join(root, 'dist'))).toEqual(['b', 'b/c.txt', 'x', 'x/d.txt', 'x/e.txt']);
  });

  test('without emptyOutDir nothing stays of targets that were edited', async () => {
    const root = project({ ...spec, 'extra/d.txt': 'd' });
    const config = { build: { emptyOutDir: false } };
    await build(host, root, { config, options: { targets: [{ from: 'extra', to: 'x' }] } });
    expect(copied(join(root, 'dist'))).toEqual(['a.txt', 'b', 'b/c.txt', 'x', 'x/d.txt']);
    await build(host, root, { config, options: { targets: [{ from: 'extra', to: 'y' }] } });
    expect(copied(join(root, 'dist'))).toEqual(['a.txt', 'b', 'b/c.txt', 'y', 'y/d.txt']);
  });

  test('without emptyOutDir nothing stays of targets and public directories that are all removed', async () => {
    const root = project({ ...spec, 'extra/d.txt': 'd' });
    const config = { build: { emptyOutDir: false } };
    await build(host, root, { config, options: { targets: [{ from: 'extra', to: 'x' }] } });
    writeFileSync(join(root, 'dist/foreign.txt'), 'not ours');
    for (let run = 0; run < 2; run++) {
      const { reports } = await build(host, root, { config: { ...config, publicDir: false } });
      expect(copied(join(root, 'dist'))).toEqual(['foreign.txt']);
      expect(reports.map((each) => each.dist?.pruned)).toEqual(run === 0 ? [3] : []);
    }
  });

  test.each([[true], [false]])(
    'several instances copy what all name, emptyOutDir: %j',
    async (emptyOutDir) => {
      const root = project({ ...spec, ...manyFiles, 'more/d.txt': 'd', 'extra/e.txt': 'e' });
      writeOld(root, { 'old.txt': 'old' });
      await pastTick();
      const config = { build: { emptyOutDir } };
      const options = { targets: [{ from: 'more', to: 'x' }] };
      for (let run = 0; run < 2; run++) {
        const plugins = [reflink({ targets: [{ from: 'extra', to: 'y' }] })];
        const { reports } = await build(host, root, { config, options, plugins });
        expect(reports).toHaveLength(1);
        const names = copied(join(root, 'dist'));
        expect(names).toEqual(
          expect.arrayContaining(['a.txt', 'b/c.txt', 'many/3/79.txt', 'x/d.txt', 'y/e.txt']),
        );
        expect(names.includes('old.txt')).toBe(!emptyOutDir);
        expect(reports[0]).toMatchObject({ dist: run === 0 ? { files: 84 } : { files: 0, unchanged: 84 } });
      }
    },
  );

  test('several instances that would copy in different ways are refused', async () => {
    const root = project(spec);
    const plugins = [reflink({ symlinks: 'keep' })];
    await expect(build(host, root, { plugins })).rejects.toThrow(/several instances/);
  });

  test('an output directory that is a link', async () => {
    const root = project(spec);
    const real = workspace();
    symlinkSync(real, join(root, 'dist'));
    writeOld(real, { 'old.txt': 'old' }, '.');
    const built = await build(host, root);
    expect(built.copiedByVite).toEqual([]);
    expect(copied(real)).toEqual(['a.txt', 'b', 'b/c.txt']);
  });

  const notSeparate: [name: string, setup: BuildSetup['config'], expected: string][] = [
    ['the public directory in the output', { publicDir: 'dist/public' }, 'dist/p.txt'],
    ['the output in the public directory', { build: { outDir: 'public/dist' } }, 'public/dist/a.txt'],
  ];
  test.each(notSeparate)('%s is left to Vite', async (_name, config, expected) => {
    const root = project({ ...spec, 'dist/public/p.txt': 'p' });
    const build_ = { emptyOutDir: false, ...config?.build };
    const built = await build(host, root, {
      config: { ...config, build: build_ },
      warnings: [NOT_SEPARATE],
    });
    expect(built.reports).toEqual([]);
    expect(built.copiedByVite).not.toEqual([]);
    expect(existsSync(join(root, expected))).toBe(true);
  });
});
