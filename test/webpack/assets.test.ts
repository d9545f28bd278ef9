import fs, { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import CompressionPlugin from 'compression-webpack-plugin';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/webpack';
import { afterEach, expect, test, vi } from 'vitest';
import {
  type Compilation,
  type Compiler,
  type Configuration,
  ManifestPlugin,
  type WebpackPluginInstance,
} from 'webpack';
import { WebpackManifestPlugin } from 'webpack-manifest-plugin';
import { BUNDLE } from '../hosts/cases.ts';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { readTree } from '../support/trees.ts';
import { build, clean, dist, files, script } from './build.ts';
import { configOf, describeWebpacks, memoryFileSystem, reporting, run } from './hosts.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const production: Configuration = { mode: 'production', performance: false };

describeWebpacks((host) => {
  test.each(['deleted', 'a directory'])(
    'a file that is %s after it was listed is not written',
    async (what) => {
      const root = makeProject(files);
      const deleting = {
        apply: ({ hooks }: Compiler) =>
          hooks.afterCompile.tap('test', () => {
            rmSync(join(root, 'static/style.css'));
            if (what === 'a directory') mkdirSync(join(root, 'static/style.css'));
          }),
      };
      const { reports, ...built } = await build(host, root, { plugins: [deleting] });
      expect(built).toMatchObject(clean);
      const names = Object.keys(readTree(join(root, 'dist')));
      expect(names).toEqual(expect.arrayContaining([BUNDLE, 'script.js', 'large.txt']));
      const found = fs.statSync(join(root, 'dist/style.css'), { throwIfNoEntry: false });
      // The engine copies the directory.
      expect(found?.isDirectory()).toBe(what === 'a directory' ? true : undefined);
    },
  );

  test.each([
    ['in memory', 'deleted', false],
    ['in memory', 'a directory', false],
    ['in memory', 'a link to itself', false],
    ['in memory that finds the sources', 'deleted', true],
    ['in memory that finds the sources', 'a directory', true],
  ])(
    'an output %s does not get a file that is %s after it was listed',
    async (_what, becomes, findsSources) => {
      const root = makeProject(files);
      const inMemory = {
        apply(compiler: Compiler) {
          const memory = memoryFileSystem();
          const stat = memory.stat.bind(memory) as (file: string, done: () => void) => void;
          const statAnywhere = (file: string, done: () => void) =>
            file.startsWith(join(root, 'dist')) ? stat(file, done) : fs.stat(file, done);
          if (findsSources) Object.assign(memory, { stat: statAnywhere });
          compiler.outputFileSystem = memory as never;
          compiler.hooks.afterCompile.tap('test', () => {
            const file = join(root, 'static/style.css');
            rmSync(file);
            if (becomes === 'a directory') mkdirSync(file);
            if (becomes === 'a link to itself') symlinkSync('style.css', file);
          });
        },
      };
      const options: Options = { publicDir: 'static', webpack: { dev: 'emit' } };
      const { reports, ...built } = await build(host, root, { plugins: [inMemory] }, options);
      expect(built).toMatchObject(clean);
      const { outputFileSystem } = built.compiler as unknown as { outputFileSystem: typeof fs };
      expect(outputFileSystem.readdirSync(join(root, 'dist'))).toContain('script.js');
      expect(outputFileSystem.existsSync(join(root, 'dist/style.css'))).toBe(false);
    },
  );

  test('a file that is deleted after it was copied does not prevent statistics', async () => {
    const root = makeProject(files);
    const deleting = {
      apply: ({ hooks }: Compiler) =>
        hooks.afterEmit.tap({ name: 'test', stage: -20_000 }, () => rmSync(join(root, 'static/style.css'))),
    };
    const { stats, reports, ...log } = await build(host, root, { plugins: [deleting] });
    expect(log).toMatchObject(clean);
    expect(stats.toJson({ all: false, assets: true }).assets!.map(({ name }) => name)).toContain('style.css');
    expect(dist(root, 'style.css')).toBe(files['static/style.css']);
  });

  test.each<[what: string, first: Options, second: Options, kept: string, warnings: string[]]>([
    ['the same', { publicDir: 'static' }, { publicDir: 'static' }, script, []],
    ['a later public directory', { publicDir: 'static' }, { publicDir: 'other' }, 'other', []],
    [
      'a later target',
      { publicDir: 'static' },
      { targets: [{ from: 'other' }] },
      'other',
      ["script.js is both in the targets and in the public directory; the target's is kept"],
    ],
    [
      'an earlier target',
      { targets: [{ from: 'other' }] },
      { publicDir: 'static' },
      'other',
      ["script.js is both in the public directory and in the targets; the target's is kept"],
    ],
    [
      'a later target that replaces nothing',
      { targets: [{ from: 'static' }] },
      { targets: [{ from: 'other', overwrite: false }] },
      script,
      [],
    ],
  ])('of two instances, %s is kept, and not copied again', async (_what, first, second, kept, warnings) => {
    const root = makeProject({ ...files, 'other/script.js': 'other' });
    await pastTick();
    for (const copied of [true, false]) {
      const instances = [reporting(first), reporting(second)];
      const plugins = instances.map(({ plugin }) => plugin);
      const built = await run(host.webpack(configOf(root, { plugins }))!);
      expect(built).toMatchObject({
        errors: [],
        warnings: warnings.map((each) => `unplugin-reflink: ${each}`),
      });
      expect(dist(root, 'script.js')).toBe(kept);
      expect(dist(root, 'style.css')).toBe(files['static/style.css']);
      const [one, other] = instances.map(({ reports }) => reports[0]!);
      expect([one!.pruned, other!.pruned]).toEqual([0, 0]);
      expect(one!.files + other!.files > 0).toBe(copied);
    }
  });

  test('every file is an asset in stats and manifests, and no plugin reads it', async () => {
    const root = makeProject(files);
    const manifests: WebpackPluginInstance[] = [new WebpackManifestPlugin({ fileName: 'theirs.json' })];
    if (host.current) manifests.push(new ManifestPlugin({ filename: 'own.json' }));
    await pastTick();
    const built = await build(host, root, { plugins: manifests, devtool: false });
    expect(built).toMatchObject(clean);
    expect(built.read).toEqual([]);
    const { assets } = built.stats.toJson({ assets: true, cachedAssets: true });
    const byName = new Map(assets!.map((asset) => [asset.name, asset]));
    const names = Object.entries(readTree(join(root, 'dist'))).filter(([, { type }]) => type === 'file');
    expect([...byName.keys()].sort()).toEqual(names.map(([name]) => name).sort());
    expect(byName.get('large.txt')).toMatchObject({ size: 300_000, emitted: true, comparedForEmit: false });
    expect(byName.get('run.sh')!.info).toMatchObject({
      copied: true,
      sourceFilename: 'static/run.sh',
      size: 10,
    });
    expect(byName.get('run.sh')!.info).not.toHaveProperty('immutable');
    for (const name of host.current ? ['own.json', 'theirs.json'] : ['theirs.json'])
      for (const each of ['one/two/three/deepest.bin', 'dir (86)/a.txt', 'large.txt', '.dotfile'])
        expect(dist(root, name)).toContain(JSON.stringify(each).slice(1));
    const again = await build(host, root, { plugins: manifests });
    const large = again.stats
      .toJson({ assets: true, cachedAssets: true })
      .assets!.find(({ name }) => name === 'large.txt');
    expect(large).toMatchObject({ emitted: false, comparedForEmit: true, size: 300_000 });
    expect(again.reports[0]).toMatchObject({ files: 0, methods: {} });
    expect(again.stats.hash).toBe(built.stats.hash);
  });

  test('no file gets a stat call before a plugin asks for its size', async () => {
    const root = makeProject(files);
    const spies = (['statSync', 'lstatSync'] as const).map((method) => vi.spyOn(fs, method));
    const looked: string[] = [];
    // Before and after these hooks, a copy without threads runs stat calls itself.
    const listener = (compiler: Compiler) => {
      compiler.hooks.finishMake.tap('listener', () => {
        for (const spy of spies) spy.mockClear();
      });
      compiler.hooks.afterCompile.tap('listener', () => {
        for (const { mock } of spies) looked.push(...mock.calls.map(([path]) => String(path)));
      });
    };
    const { stats } = await build(host, root, { plugins: [listener] });
    expect(looked).not.toContain(join(root, 'static/large.txt'));
    const assets = stats.toJson({ assets: true }).assets!;
    expect(assets.find(({ name }) => name === 'large.txt')).toMatchObject({
      size: 300_000,
      info: { size: 300_000 },
    });
  });

  test('permission bits and times are preserved, and scripts are not minimized in production', async () => {
    const root = makeProject(files);
    const built = await build(host, root, { ...production, devtool: 'source-map' });
    expect(built).toMatchObject(clean);
    expect(dist(root, 'script.js')).toBe(script);
    // webpack 5.112 minimizes style sheets, also those that plugins add.
    expect(dist(root, 'style.css')).toMatch(host.current ? /^a\{color:red\}/ : /^a \{ color : red \}\n$/);
    const source = readTree(join(root, 'static'));
    const copied = readTree(join(root, 'dist'));
    for (const name of ['script.js', 'run.sh', 'read-only.txt', 'large.txt'])
      expect(copied[name]).toEqual(source[name]);
    // Scripts and style sheets are read in the search for source maps.
    expect(built.read.filter((path) => !/\.(js|css)$/.test(path))).toEqual([]);
    expect(copied[`${BUNDLE}.map`]).toBeDefined();
    expect(copied['script.js.map']).toBeUndefined();
  });

  test('in production only style sheets are read, also with realContentHash', async () => {
    const root = makeProject(files);
    const output = { filename: '[name].[contenthash].js' };
    const built = await build(host, root, { ...production, output });
    expect(built).toMatchObject(clean);
    // The style sheet is read to be minimized.
    expect(built.read).toEqual(host.current ? [join(root, 'static/style.css')] : []);
    expect(Object.keys(built.stats.compilation.assets)).toContain('large.txt');
    expect(dist(root, 'script.js')).toBe(script);
  });

  test('a plugin that compresses assets reads them, and the copies stay', async () => {
    const root = makeProject(files);
    const compression = new CompressionPlugin({ test: /large/ }) as WebpackPluginInstance;
    const built = await build(host, root, { plugins: [compression] });
    expect(built).toMatchObject(clean);
    expect(built.read).toEqual([join(root, 'static/large.txt')]);
    expect(fs.statSync(join(root, 'dist/large.txt.gz')).size).toBeLessThan(2000);
    expect(readTree(join(root, 'dist'))['large.txt']).toEqual(readTree(join(root, 'static'))['large.txt']);
  });

  test('webpack writes an asset that another plugin has changed', async () => {
    const root = makeProject(files);
    const { sources, Compilation } = host.webpack;
    const other = (compiler: Compiler) =>
      compiler.hooks.compilation.tap('other', (compilation) =>
        compilation.hooks.processAssets.tap(
          { name: 'other', stage: Compilation.PROCESS_ASSETS_STAGE_OPTIMIZE_TRANSFER },
          () => {
            compilation.updateAsset('plain.txt', new sources.RawSource('changed'));
            compilation.deleteAsset('zero');
          },
        ),
      );
    for (let run = 0; run < 2; run++) {
      const { reports, errors } = await build(host, root, { plugins: [other] });
      expect(errors).toEqual([]);
      expect(dist(root, 'plain.txt')).toBe('changed');
      expect(fs.existsSync(join(root, 'dist/zero'))).toBe(false);
      expect(reports[0]!.files + reports[0]!.unchanged).toBe(14);
    }
  });

  test('a page that a plugin makes of a template has its name', async () => {
    const root = makeProject({ 'static/index.html': 'public page' });
    const { sources, Compilation } = host.webpack;
    const html = (compiler: Compiler) =>
      compiler.hooks.compilation.tap('html', (compilation) =>
        compilation.hooks.processAssets.tap(
          { name: 'html', stage: Compilation.PROCESS_ASSETS_STAGE_OPTIMIZE_INLINE },
          () => compilation.emitAsset('index.html', new sources.RawSource('made page')),
        ),
      );
    const { warnings, errors } = await build(host, root, { plugins: [html] });
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      "unplugin-reflink: index.html is both in the public directory and in the bundle; the bundle's is kept",
    ]);
    expect(dist(root, 'index.html')).toBe('made page');
  });

  const emitting = (name: string, stage: keyof typeof Compilation) => (compiler: Compiler) =>
    compiler.hooks.compilation.tap('late', (compilation) =>
      compilation.hooks.processAssets.tap(
        { name: 'late', stage: host.webpack.Compilation[stage] as number },
        () => compilation.emitAsset(name, new host.webpack.sources.RawSource('made')),
      ),
    );

  test.each([
    'PROCESS_ASSETS_STAGE_ADDITIONAL',
    'PROCESS_ASSETS_STAGE_ADDITIONS',
    'PROCESS_ASSETS_STAGE_OPTIMIZE_INLINE',
    'PROCESS_ASSETS_STAGE_OPTIMIZE_HASH',
    'PROCESS_ASSETS_STAGE_OPTIMIZE_TRANSFER',
    'PROCESS_ASSETS_STAGE_REPORT',
  ] as const)('an asset of the same name that comes at %s loses to a target', async (stage) => {
    const root = makeProject({ 'static/page.html': 'copied' });
    for (const [overwrite, content, error] of [
      [undefined, 'copied', undefined],
      [false, 'made', undefined],
      ['error', 'made', /page\.html.*EEXIST: the bundle has a file of this name/],
    ] as const) {
      const targets: Options['targets'] = [
        { from: 'static/page.html', ...(overwrite !== undefined && { overwrite }) },
      ];
      const plugins = [emitting('page.html', stage)];
      // With `realContentHash`, the files are hidden while webpack hashes real contents.
      const config: Configuration = {
        plugins,
        output: { filename: '[name].[contenthash].js' },
        optimization: { realContentHash: true },
      };
      const { warnings, errors } = await build(host, root, config, { targets });
      const whose = overwrite === false ? "bundle's" : "target's";
      expect(errors).toEqual(error ? [expect.stringMatching(error)] : []);
      expect(warnings).toEqual(
        error
          ? []
          : [`unplugin-reflink: page.html is both in the targets and in the bundle; the ${whose} is kept`],
      );
      expect(dist(root, 'page.html')).toBe(content);
    }
  });

  test('plugins of every stage see the files', async () => {
    const root = makeProject(files);
    const seen: Record<string, boolean> = {};
    const stages = Object.entries(host.webpack.Compilation).filter(([name]) =>
      name.startsWith('PROCESS_ASSETS_STAGE_'),
    );
    const looking = (compiler: Compiler) =>
      compiler.hooks.compilation.tap('looking', (compilation) => {
        for (const [name, stage] of stages)
          compilation.hooks.processAssets.tap({ name: 'looking', stage: stage as number }, (assets) => {
            seen[name] = 'large.txt' in assets;
          });
      });
    const built = await build(host, root, { plugins: [looking] });
    expect(built).toMatchObject(clean);
    expect(built.read).toEqual([]);
    // At this stage, plugins still add files.
    const { PROCESS_ASSETS_STAGE_ADDITIONAL: first, ...others } = seen;
    expect(first).toBe(false);
    expect(Object.keys(others).length).toBeGreaterThan(10);
    expect(Object.entries(others).filter(([, sees]) => !sees)).toEqual([]);
  });

  /** Minimizes like webpack's minimizers, which skip assets that are marked as minimized. */
  const minimizer = (compiler: Compiler) =>
    compiler.hooks.compilation.tap('minimizer', (compilation) =>
      compilation.hooks.processAssets.tap(
        {
          name: 'minimizer',
          stage: host.webpack.Compilation.PROCESS_ASSETS_STAGE_OPTIMIZE_SIZE,
          additionalAssets: true,
        },
        (assets) => {
          for (const name of Object.keys(assets)) {
            const { source, info } = compilation.getAsset(name)!;
            if (info.minimized || !/\.(css|html|js|mjs)$/.test(name)) continue;
            const small = String(source.source()).replaceAll(' ', '');
            compilation.updateAsset(name, new host.webpack.sources.RawSource(small), { minimized: true });
          }
        },
      ),
    );

  test.each([
    ['by default all but scripts', undefined, ['a.css', 'a.html']],
    ['minimize: true', true, ['a.css', 'a.html', 'a.js', 'a.mjs']],
    ['minimize: false', false, []],
  ] as const)('minimizers get %s', async (_name, minimize, minimized) => {
    const names = ['a.css', 'a.html', 'a.js', 'a.mjs', 'a.txt'];
    const root = makeProject(Object.fromEntries(names.map((name) => [`given/${name}`, `of ${name}`])));
    const asked = minimize !== undefined && { minimize };
    for (const options of [
      { targets: [{ from: 'given', ...asked }] },
      { publicDir: { dir: 'given', ...asked } },
    ]) {
      const { warnings, errors, reports } = await build(host, root, { plugins: [minimizer] }, options);
      expect({ warnings, errors }).toEqual(clean);
      expect(names.filter((name) => dist(root, name) === `of${name}`)).toEqual(minimized);
      expect(names.filter((name) => dist(root, name) === `of ${name}`)).toHaveLength(5 - minimized.length);
      const { files, unchanged } = reports[0]!;
      expect(files + unchanged).toBe(5 - minimized.length);
    }
  });

  test('info is added to that of the assets, last', async () => {
    const root = makeProject(files);
    const info = ({ source, name }: { source: string; name: string }) => ({
      source,
      from: name,
      minimized: false,
    });
    const { stats, errors } = await build(
      host,
      root,
      {},
      {
        publicDir: { dir: 'static', info },
        targets: [
          { from: 'assets/a.txt', to: '[contenthash][ext]', info: { immutable: false, license: 'MIT' } },
        ],
      },
    );
    expect(errors).toEqual([]);
    const assets = new Map(stats.compilation.getAssets().map((asset) => [asset.name, asset.info]));
    expect(assets.get('script.js')).toMatchObject({
      ...{ source: join(root, 'static/script.js'), from: 'script.js', copied: true, minimized: false },
    });
    const [, hashed] = [...assets].find(([, { license }]) => license === 'MIT')!;
    expect(hashed).toMatchObject({ immutable: false, copied: true, sourceFilename: 'assets/a.txt' });
  });

  test('a function "info" may not be asynchronous', async () => {
    const root = makeProject(files);
    const info = (async () => ({ license: 'MIT' })) as never;
    const { errors } = await build(host, root, {}, { publicDir: { dir: 'static', info } });
    expect(errors).toEqual([
      expect.stringContaining('option "info" returned a promise; it must not be asynchronous'),
    ]);
  });

  test('compareBeforeEmit: false does not overwrite copied files', async () => {
    const root = makeProject(files);
    await pastTick();
    const built = await build(host, root, { output: { compareBeforeEmit: false } });
    expect(built.read).toEqual([]);
    expect(built.reports[0]!.files).toBeGreaterThan(15);
    const before = identityOf(join(root, 'dist/large.txt'));
    await build(host, root, { output: { compareBeforeEmit: false } });
    expect(identityOf(join(root, 'dist/large.txt'))).toBe(before);
    expect(readFileSync(join(root, 'static/large.txt'), 'utf8')).toBe('x'.repeat(300_000));
  });

  test.each([true, false])('a build with errors, emitOnErrors: %s', async (emitOnErrors) => {
    const root = makeProject(files);
    writeFileSync(join(root, 'main.js'), 'this is no JavaScript');
    const { errors, reports } = await build(host, root, { optimization: { emitOnErrors } });
    expect(errors).toHaveLength(1);
    expect(reports).toHaveLength(emitOnErrors ? 1 : 0);
    expect(fs.existsSync(join(root, 'dist/script.js'))).toBe(emitOnErrors);
  });

  test('the cache on disk does not hold the files', async () => {
    const root = makeProject({ ...files, 'static/big.bin': Buffer.alloc(20_000_000, 'big') });
    const cacheDirectory = join(root, 'cache');
    const cache = { type: 'filesystem' as const, cacheDirectory };
    for (let run = 0; run < 2; run++)
      await build(host, root, { cache, mode: 'production', performance: false });
    const sizes = Object.values(readTree(cacheDirectory)).map(({ size = 0 }) => size);
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(1_000_000);
  });

  test('child compilations do not copy anything', async () => {
    const root = makeProject(files);
    const child = (compiler: Compiler) =>
      compiler.hooks.make.tapPromise('child', (compilation) => {
        const { EntryPlugin } = host.webpack;
        const inner = compilation.createChildCompiler('child', { filename: 'child.js' }, [
          new EntryPlugin(root, join(root, 'main.js'), { name: 'child' }),
        ]);
        return new Promise<void>((resolve, reject) =>
          inner.runAsChild((error) => (error ? reject(error) : resolve())),
        );
      });
    const { reports, errors } = await build(host, root, { plugins: [child] });
    expect(errors).toEqual([]);
    expect(reports).toHaveLength(1);
    expect(fs.existsSync(join(root, 'dist/child.js'))).toBe(true);
  });

  test('assetEmitted is called for copied files, too', async () => {
    const root = makeProject(files);
    await pastTick();
    const told = new Map<string, { targetPath: string; content: Buffer }>();
    const listener = (compiler: Compiler) =>
      compiler.hooks.assetEmitted.tap('listener', (name, info) => void told.set(name, info));
    await build(host, root, { plugins: [listener] });
    expect(told.get('script.js')!.targetPath).toBe(join(root, 'dist/script.js'));
    expect(told.get('script.js')!.content.toString()).toBe(script);
    expect(told.has(BUNDLE)).toBe(true);
    told.clear();
    await build(host, root, { plugins: [listener] });
    expect([...told.keys()]).toEqual([]);
  });

  test('a file that cannot be written is an error of the compilation', async () => {
    const root = makeProject(files, { 'large.txt/in-the-way': 'directory' });
    const { errors, read } = await build(host, root);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      /^unplugin-reflink: Cannot copy ".*static\/large\.txt" to ".*dist\/large\.txt": E\w+/,
    );
    expect(read).toEqual([]);
    expect(dist(root, BUNDLE)).toContain('bundled');
  });

  test('several plugins in one build', async () => {
    const root = makeProject(files);
    const second = reflink({ targets: [{ from: 'assets', to: 'assets' }], report: false });
    for (let run = 0; run < 2; run++) {
      const { errors, warnings } = await build(host, root, { plugins: [second] });
      expect({ errors, warnings }).toEqual(clean);
      expect(dist(root, 'assets/sub/c.txt')).toBe('c');
      expect(dist(root, 'plain.txt')).toBe('plain');
    }
  });
});
