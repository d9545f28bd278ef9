import fs, { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Options } from 'unplugin-reflink';
import { afterEach, expect, test, vi } from 'vitest';
import type { Compiler, Configuration } from 'webpack';
import { BUNDLE } from '../hosts/cases.ts';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { readTree } from '../support/trees.ts';
import { build, clean, dist, files, script } from './build.ts';
import { describeWebpacks, reporting, run } from './hosts.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describeWebpacks((host) => {
  test('an output that another plugin moves before it is written has all files', async () => {
    const root = makeProject(files);
    const moving = {
      apply: (compiler: Compiler) =>
        compiler.hooks.emit.tap({ name: 'test', stage: -20_000 }, () => {
          compiler.outputPath = join(root, 'moved');
        }),
    };
    const { stats: _stats, reports: _reports, ...log } = await build(host, root, { plugins: [moving] });
    const read = (file: string) => fs.statSync(file).isFile() && readFileSync(file);
    expect(log).toMatchObject(clean);
    expect(fs.existsSync(join(root, 'dist'))).toBe(false);
    const names = Object.keys(readTree(join(root, 'static'))).filter((name) =>
      read(join(root, 'static', name)),
    );
    expect(names.length).toBeGreaterThan(3);
    // webpack writes files, and no directory without any.
    for (const name of names)
      expect(read(join(root, 'moved', name)), name).toEqual(read(join(root, 'static', name)));
  });

  test('the path of the output may contain the hash of the compilation', async () => {
    const root = makeProject({
      ...files,
      'main.js': "import url from './film.bin';\nconsole.log(url);\n",
      'film.bin': 'x'.repeat(1000),
      'locales/en.json': '{}',
    });
    await pastTick();
    for (const isFirst of [true, false]) {
      const { stats, reports, ...log } = await build(
        host,
        root,
        {
          output: { path: join(root, 'dist/[fullhash]'), assetModuleFilename: '[name][ext]' },
          module: { rules: [{ test: /\.bin$/, type: 'asset/resource' }] },
        },
        {
          publicDir: 'static',
          targets: [{ from: 'locales', to: 'i18n' }],
          assets: { include: '**/*.bin', minSize: 0 },
        },
      );
      expect(log).toMatchObject(clean);
      expect(readdirSync(join(root, 'dist'))).toEqual([stats.hash]);
      const names = Object.keys(readTree(join(root, 'dist', stats.hash!)));
      expect(names).toEqual(
        expect.arrayContaining([
          BUNDLE,
          'film.bin',
          'script.js',
          'i18n/en.json',
          'one/two/three/deepest.bin',
        ]),
      );
      const { files: copied, unchanged } = reports[0]!;
      expect([copied > 0, unchanged > 0]).toEqual([isFirst, !isFirst]);
    }
  });

  test('a config that names no output: webpack’s own default', async () => {
    const root = makeProject();
    vi.spyOn(process, 'cwd').mockReturnValue(root);
    for (const publicDir of ['static', false] as const) {
      const { plugin } = reporting({ publicDir });
      const config: Configuration = { context: root, mode: 'none', entry: join(root, 'main.js') };
      const { errors } = await run(host.webpack({ ...config, plugins: [plugin] })!);
      expect(errors).toEqual([]);
      expect(fs.existsSync(join(root, 'dist/main.js'))).toBe(true);
      expect(fs.existsSync(join(root, 'dist/plain.txt'))).toBe(publicDir !== false);
    }
  });

  test('output.clean deletes stale files and keeps copied ones', async () => {
    const root = makeProject(
      { ...files, 'static/link-kept': 'k' },
      { 'old.txt': 'old', 'old/file.txt': 'old', 'script.js': 'old' },
    );
    const config: Configuration = { output: { clean: true } };
    const options: Options = { publicDir: 'static', symlinks: 'keep' };
    await pastTick();
    await build(host, root, config, options);
    const first = readTree(join(root, 'dist'));
    expect(Object.keys(first).filter((name) => name.startsWith('old'))).toEqual([]);
    expect(dist(root, 'script.js')).toBe(script);
    expect(first['linked.txt']).toMatchObject({ type: 'symlink' });
    expect(first.empty).toMatchObject({ type: 'directory' });
    await build(host, root, config, options);
    const copied = ['large.txt', 'run.sh', 'linked.txt', 'one/two/three/deepest.bin'];
    const before = copied.map((name) => identityOf(join(root, 'dist', name)));
    fs.rmSync(join(root, 'static/style.css'));
    const { reports } = await build(host, root, config, options);
    expect(copied.map((name) => identityOf(join(root, 'dist', name)))).toEqual(before);
    expect(reports[0]!.files).toBe(0);
    expect(fs.existsSync(join(root, 'dist/style.css'))).toBe(false);
  });

  test.each([
    ['a path', 'kept'],
    ['an expression', /^kept/],
    ['a function', (name: string) => name.startsWith('kept')],
  ])('output.clean keeps what %s of its option "keep" names', async (_what, keep) => {
    const root = makeProject(files, {
      'kept/by-hand.txt': 'mine',
      'kept.txt': 'mine',
      'old/file.txt': 'old',
    });
    const config: Configuration = { output: { clean: { keep } } };
    for (let run = 0; run < 2; run++) expect(await build(host, root, config)).toMatchObject(clean);
    const names = Object.keys(readTree(join(root, 'dist')));
    expect(names).toEqual(expect.arrayContaining(['kept/by-hand.txt', 'kept.txt', 'large.txt']));
    expect(names.filter((name) => name.startsWith('old'))).toEqual([]);
  });

  test('if a plugin empties the output in the hook "emit", all files are copied afterwards', async () => {
    const root = makeProject(files, { 'old.txt': 'old' });
    mkdirSync(join(root, 'static/empty/inner'), { recursive: true });
    const emptying = (compiler: Compiler) =>
      compiler.hooks.emit.tap('emptying', () => fs.rmSync(join(root, 'dist'), { recursive: true }));
    const built = await build(host, root, { plugins: [emptying] });
    expect(built).toMatchObject(clean);
    expect(fs.existsSync(join(root, 'dist/old.txt'))).toBe(false);
    expect(fs.existsSync(join(root, 'dist/empty/inner'))).toBe(true);
    expect(dist(root, 'plain.txt')).toBe('plain');
  });
});
