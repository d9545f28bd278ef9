import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/webpack';
import { expect, test, vi } from 'vitest';
import type { Compiler, Configuration, StatsCompilation } from 'webpack';
import {
  type AssetHost,
  type AssetOutcome,
  describeAssets,
  filesRead,
  standInsBelow,
} from '../hosts/describe-assets.ts';
import { makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { readTree, type TreeSpec } from '../support/trees.ts';
import { type Bundler, configOf, describeWebpacks, memoryFileSystem, run } from './hosts.ts';

const KIB = 1024;
const big = () => randomBytes(256 * KIB);
const hashOf = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
const rules = [{ test: /\.(bin|mp4|png)$/, type: 'asset/resource' }];

/** A config for an ES module with relative URLs, so that Node.js can run it. */
function moduleConfig(root: string, { output, ...config }: Configuration = {}): Configuration {
  return configOf(root, {
    module: { rules },
    performance: false,
    experiments: { outputModule: true },
    ...config,
    output: {
      library: { type: 'module' },
      publicPath: '',
      chunkFormat: 'module',
      chunkLoading: 'import',
      assetModuleFilename: 'assets/[name]-[contenthash:8][ext]',
      ...output,
    },
  });
}

/** A plugin that calls `act` at a stage of `processAssets`. */
function at(
  stage: number,
  act: (compilation: Parameters<Parameters<Compiler['hooks']['compilation']['tap']>[1]>[0]) => void,
) {
  return (compiler: Compiler) =>
    compiler.hooks.thisCompilation.tap('test', (compilation) =>
      compilation.hooks.processAssets.tap({ name: 'test', stage }, () => act(compilation)),
    );
}

function assetHost({ name, webpack }: Bundler): AssetHost {
  return {
    name,
    async build({ root, options, meddle, meanwhile, write = true, names = 'assets/[name]-[hash][extname]' }) {
      const outDir = join(root, 'dist');
      const outcome: AssetOutcome = { outDir, warnings: [], errors: [], log: [], contents: {} };
      const assetModuleFilename = names.replace('[hash]', '[contenthash:8]').replace('[extname]', '[ext]');
      const meddling = (compiler: Compiler) => {
        const { Compilation, sources } = compiler.webpack;
        const act = (stage: number, isFirst: boolean) =>
          at(stage, (compilation) => {
            if (isFirst) meanwhile?.();
            meddle?.(
              new Proxy(compilation.assets as Record<string, { source?: unknown }>, {
                get: (assets, asset: string) =>
                  asset in assets && {
                    get source() {
                      return (assets[asset] as { source(): unknown }).source();
                    },
                    set source(content: unknown) {
                      compilation.updateAsset(asset, new sources.RawSource(content as string));
                    },
                  },
                deleteProperty: (_assets, asset: string) => {
                  compilation.deleteAsset(asset);
                  return true;
                },
              }),
            );
          })(compiler);
        act(Compilation.PROCESS_ASSETS_STAGE_ADDITIONAL - 1, true);
        act(Compilation.PROCESS_ASSETS_STAGE_REPORT, false);
      };
      try {
        const config = moduleConfig(root, {
          plugins: [meddling, reflink(options)],
          optimization: { emitOnErrors: false },
          output: { assetModuleFilename },
        });
        const compiler = webpack(config)!;
        outcome.read = readsOf(compiler);
        if (!write) {
          const memory = memoryFileSystem();
          compiler.outputFileSystem = memory as never;
          const { errors, stats } = await run(compiler);
          outcome.errors.push(...errors);
          for (const each of stats.toJson({ all: false, assets: true }).assets ?? [])
            outcome.contents[each.name] = memory.readFileSync(join(outDir, each.name));
          return outcome;
        }
        return { ...outcome, ...(await run(compiler)) };
      } catch (error) {
        outcome.errors.push(String((error as Error).message));
        return outcome;
      }
    },
  };
}

describeWebpacks((host) => {
  describeAssets(assetHost(host));

  const { webpack } = host;
  const main = "import url from './big.bin';\nexport default url;\n";
  const tree = (): TreeSpec => ({ 'main.js': main, 'big.bin': big() });

  async function build(root: string, config: Configuration = {}, options: Options = {}) {
    const reports: CopyReport[] = [];
    const plugin = reflink({ assets: true, report: (each) => void reports.push(each), ...options });
    const compiler = webpack(
      moduleConfig(root, { ...config, plugins: [plugin, ...(config.plugins ?? [])] }),
    )!;
    const spied = filesRead();
    const reads = readsOf(compiler);
    const built = await run(compiler);
    const read = [...reads, ...spied];
    expect(built).toMatchObject({ errors: [], warnings: [] });
    const output = readTree(join(root, 'dist'));
    const copiesOf = (file: string) => {
      const { sha256 } = readTree(root)[file] as { sha256: string };
      return Object.entries(output).flatMap(([name, each]) => (each.sha256 === sha256 ? [name] : []));
    };
    const text = () => readFileSync(join(root, 'dist/bundle.js'), 'utf8');
    return { ...built, reports, read, copiesOf, text };
  }

  test.each<[string, string, string, Configuration, RegExp, (name: string) => string]>([
    [
      'new URL()',
      "export default new URL('./a.wasm', import.meta.url).href;",
      'a.wasm',
      {},
      /^assets\/a-\w{8}\.wasm$/,
      (name) => name,
    ],
    [
      'asset/resource with [hash]',
      main,
      'big.bin',
      { output: { assetModuleFilename: '[hash][ext]' } },
      /^\w{20}\.bin$/,
      (name) => name,
    ],
    [
      'a query',
      "import url from './big.bin?x=1'; export default url;",
      'big.bin',
      { output: { assetModuleFilename: '[name]-[contenthash:4][ext][query]' } },
      /^big-\w{4}\.bin$/,
      (name) => `${name}?x=1`,
    ],
    [
      'publicPath',
      main,
      'big.bin',
      { output: { publicPath: 'https://cdn.test/' } },
      /^assets\//,
      (name) => name,
    ],
    [
      'generator.filename',
      main,
      'big.bin',
      { module: { rules: [{ ...rules[0]!, generator: { filename: 'media/[name].[contenthash:6][ext]' } }] } },
      /^media\/big\.\w{6}\.bin$/,
      (name) => name,
    ],
    [
      'the type "asset" above its limit',
      main,
      'big.bin',
      { module: { rules: [{ test: /\.bin$/, type: 'asset' }] } },
      /^assets\/big-\w{8}\.bin$/,
      (name) => name,
    ],
    [
      'production, with realContentHash',
      main,
      'big.bin',
      { mode: 'production', optimization: { realContentHash: true } },
      /^assets\/big-\w{8}\.bin$/,
      (name) => name,
    ],
  ])('%s: the file is copied, and not read', async (_what, code, file, config, pattern, urlOf) => {
    const root = makeProject({ 'main.js': code, [file]: big() });
    const { reports, read, copiesOf, text, stats } = await build(root, config);
    expect(read.filter((name) => basename(name) === file)).toEqual([]);
    const [name, ...others] = copiesOf(file);
    expect(name).toMatch(pattern);
    expect(others).toEqual([]);
    expect(text()).toContain(urlOf(name!));
    expect(reports).toMatchObject([{ files: 1, bytes: 256 * KIB }]);
    const { assets = [] } = stats.toJson({ all: false, assets: true });
    expect(assets.find((asset) => asset.name.startsWith(name!))).toMatchObject({
      size: 256 * KIB,
      emitted: true,
    });
  });

  test.each<[string, Configuration, string]>([
    [
      'inlines',
      {
        module: {
          rules: [{ test: /\.bin$/, type: 'asset', parser: { dataUrlCondition: { maxSize: 300 * KIB } } }],
        },
      },
      'data:',
    ],
    ['inlines always', { module: { rules: [{ test: /\.bin$/, type: 'asset/inline' }] } }, 'data:'],
    [
      'decides by a function',
      {
        module: {
          rules: [
            {
              test: /\.bin$/,
              type: 'asset',
              parser: { dataUrlCondition: (content: string | Buffer) => content.length === 256 * KIB },
            },
          ],
        },
      },
      'data:',
    ],
  ])('what webpack %s is left to webpack', async (_what, config, text) => {
    const root = makeProject(tree());
    const built = await build(root, config);
    expect(built.read).toContain('big.bin');
    expect(built.text()).toContain(text);
    expect(built.reports).toMatchObject([{ files: 0 }]);
  });

  test("a project whose path contains a '#'", async () => {
    const code =
      "import one from './big.bin?query';\nimport two from './two.bin';\nexport default [one, two];\n";
    const root = join(makeProject({ 'C#/main.js': code, 'C#/big.bin': big(), 'C#/two.bin': big() }), 'C#');
    const { reports, read, copiesOf } = await build(root);
    expect(read.filter((name) => name.endsWith('.bin'))).toEqual([]);
    expect(['big.bin', 'two.bin'].map((file) => copiesOf(file).length)).toEqual([1, 1]);
    expect(reports).toMatchObject([{ files: 2, bytes: 512 * KIB }]);
  });

  test("the error about a changed file names its path, also with a '#' in it", async () => {
    const root = join(makeProject({ 'C#/main.js': main, 'C#/big.bin': big() }), 'C#');
    const change = (compiler: Compiler) =>
      compiler.hooks.finishMake.tap('test', () => writeFileSync(join(root, 'big.bin'), big()));
    const plugins = [reflink({ assets: true, report: false }), change];
    const { errors } = await run(webpack(moduleConfig(root, { plugins }))!);
    expect(errors.join('\n')).toContain(`ERR_SOURCE_CHANGED: ${join(root, 'big.bin')} is missing`);
  });

  test('a loader gets the content', async () => {
    const root = makeProject({
      ...tree(),
      'loader.cjs': 'module.exports = (content) => content.subarray(0, 10);\nmodule.exports.raw = true;',
    });
    const loader = join(root, 'loader.cjs');
    await build(root, { module: { rules: [{ test: /\.bin$/, type: 'asset/resource', use: loader }] } });
    const [name] = readdirSync(join(root, 'dist/assets'));
    expect(readFileSync(join(root, 'dist/assets', name!))).toEqual(
      readFileSync(join(root, 'big.bin')).subarray(0, 10),
    );
  });

  test('stats have the size of the file for its module too', async () => {
    const root = makeProject(tree());
    const { stats } = await build(root);
    const { modules = [] } = stats.toJson({
      all: false,
      modules: true,
      nestedModules: true,
    }) as StatsCompilation;
    expect(modules.find(({ name }) => name?.endsWith('big.bin'))?.sizes).toMatchObject({ asset: 256 * KIB });
  });

  test.each(['development', 'production'] as const)(
    "webpack's cache keeps no content, and is not taken for one (%s)",
    async (mode) => {
      const root = makeProject(tree());
      await pastTick();
      const cacheDirectory = join(root, 'node_modules/.cache/webpack');
      const cache = { type: 'filesystem' as const, cacheDirectory };
      const config = { mode, cache, devtool: false } as const;
      const first = await build(root, config);
      expect(first.read.filter((name) => name === 'big.bin')).toEqual([]);
      expect(sizeOf(cacheDirectory)).toBeLessThan(200 * KIB);
      const second = await build(root, config);
      expect(second.read.filter((name) => name === 'big.bin')).toEqual([]);
      expect(second.reports).toMatchObject([{ files: 0, unchanged: 1 }]);
      expect(second.copiesOf('big.bin')).toEqual(first.copiesOf('big.bin'));
      const { assets = [] } = second.stats.toJson({ all: false, assets: true });
      expect(assets.map(({ size }) => size)).toContain(256 * KIB);

      // The file is also not read if only its times have changed.
      utimesSync(join(root, 'big.bin'), 1, 1);
      const touched = await build(root, config);
      expect(touched.read.filter((name) => name === 'big.bin')).toEqual([]);
      expect(touched.copiesOf('big.bin')).toEqual(first.copiesOf('big.bin'));

      writeFileSync(join(root, 'big.bin'), big());
      const third = await build(root, config);
      expect(third.copiesOf('big.bin')).toHaveLength(1);
      expect(third.copiesOf('big.bin')).not.toEqual(first.copiesOf('big.bin'));

      // A build without the option gets no stand-ins from the cache.
      const without = await run(webpack(moduleConfig(root, config))!);
      expect(without.errors).toEqual([]);
      for (const name of readdirSync(join(root, 'dist/assets')))
        expect(statSync(join(root, 'dist/assets', name)).size).toBe(256 * KIB);
    },
  );

  test('a target that has the name of an imported file is copied in its place', async () => {
    const root = makeProject({ ...tree(), 'other/big.bin': big() });
    const reports: CopyReport[] = [];
    const plugin = reflink({
      assets: true,
      targets: [{ from: 'other/big.bin' }],
      report: (each) => void reports.push(each),
    });
    const output = { assetModuleFilename: '[name][ext]' };
    const compiler = webpack(moduleConfig(root, { output, plugins: [plugin] }))!;
    const reads = readsOf(compiler);
    const { errors, warnings } = await run(compiler);
    expect(errors).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("the target's is kept")]);
    expect(reads).not.toContain('other/big.bin');
    expect(reports).toEqual([expect.objectContaining({ files: 1 })]);
    const written = readTree(root);
    expect(written['dist/big.bin']).toMatchObject({ sha256: written['other/big.bin']!.sha256 });
  });

  test.each<[string, Options]>([
    ['a public file', { publicDir: 'other' }],
    ['a target that overwrites nothing', { targets: [{ from: 'other/big.bin', overwrite: false }] }],
  ])('an imported file that replaces %s of its name is copied', async (_what, options) => {
    const root = makeProject({ ...tree(), 'other/big.bin': big() });
    const reports: CopyReport[] = [];
    const plugin = reflink({ ...options, assets: true, report: (each) => void reports.push(each) });
    const output = { assetModuleFilename: '[name][ext]' };
    const { errors, warnings } = await run(webpack(moduleConfig(root, { output, plugins: [plugin] }))!);
    expect(errors).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("the bundle's is kept")]);
    expect(reports).toEqual([expect.objectContaining({ files: 1 })]);
    const written = readTree(root);
    expect(written['dist/big.bin']).toMatchObject({ sha256: written['big.bin']!.sha256 });
  });

  test("a file whose content changes and whose times do not is not taken from webpack's cache", async () => {
    const root = makeProject(tree());
    const file = join(root, 'big.bin');
    const cacheDirectory = join(root, 'node_modules/.cache/webpack');
    const cache = { type: 'filesystem' as const, cacheDirectory };
    for (const content of [big(), big(), Buffer.concat([big(), big()])]) {
      writeFileSync(file, content);
      utimesSync(file, 1, 1);
      await pastTick();
      const { copiesOf, text } = await build(root, { cache, output: { clean: true } });
      const [name, ...others] = copiesOf('big.bin');
      expect(others).toEqual([]);
      expect(text()).toContain(name);
    }
  });

  test('a watcher copies a file that changes, and no other', async () => {
    const root = makeProject({
      'main.js': "import a from './a.bin';\nimport b from './b.bin';\nexport default [a, b];\n",
      'a.bin': big(),
      'b.bin': big(),
    });
    await pastTick();
    const reports: CopyReport[] = [];
    const plugin = reflink({ assets: true, report: (each) => void reports.push(each) });
    const compiler = webpack(moduleConfig(root, { plugins: [plugin] }))!;
    let built = 0;
    const watching = compiler.watch({ aggregateTimeout: 5 }, () => built++);
    try {
      await vi.waitFor(() => expect(built).toBeGreaterThan(0), 200_000);
      expect(reports.at(-1)).toMatchObject({ files: 2 });
      const before = built;
      writeFileSync(join(root, 'a.bin'), big());
      await vi.waitFor(() => expect(built).toBeGreaterThan(before), 200_000);
      await vi.waitFor(() => {
        const hashes = Object.values(readTree(join(root, 'dist'))).map(({ sha256 }) => sha256);
        for (const file of ['a.bin', 'b.bin'])
          expect(hashes).toContain(hashOf(readFileSync(join(root, file))));
      }, 200_000);
      expect(reports.slice(1).reduce((sum, { files }) => sum + files, 0)).toBe(1);
    } finally {
      await new Promise<void>((resolve) => watching!.close(() => resolve()));
    }
  });

  test('an output in memory returns the content of the source', async () => {
    const root = makeProject(tree());
    const compiler = webpack(moduleConfig(root, { plugins: [reflink({ assets: true })] }))!;
    const memory = memoryFileSystem();
    compiler.outputFileSystem = memory as never;
    const spied = filesRead();
    const reads = readsOf(compiler);
    const { stats, errors } = await run(compiler);
    expect(errors).toEqual([]);
    expect([...reads, ...spied].filter((name) => name === 'big.bin')).toEqual([]);
    const { assets = [] } = stats.toJson({ all: false, assets: true });
    const { name } = assets.find((asset) => asset.name.endsWith('.bin'))!;
    expect(hashOf(memory.readFileSync(join(root, 'dist', name)))).toBe(
      hashOf(readFileSync(join(root, 'big.bin'))),
    );
    expect(existsSync(join(root, 'dist'))).toBe(false);
  });

  test.each(['emit', 'afterEmit'])('a build that is killed in %s leaves no stand-in', (hook) => {
    const root = makeProject(tree());
    const child = join(import.meta.dirname, '../hosts/killed-imports.js');
    const { signal, stderr } = spawnSync(
      process.execPath,
      [child, JSON.stringify({ id: host.current ? 'webpack' : 'webpack576', host: 'webpack', root, hook })],
      { cwd: root, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
    );
    expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
    expect(existsSync(join(root, 'dist/main.js'))).toBe(hook === 'afterEmit');
    expect(standInsBelow(root)).toEqual([]);
  });

  test('files of a public directory are not read either where modules are written', async () => {
    const root = makeProject({ ...tree(), 'static/large.dat': big() });
    const { read, copiesOf, reports } = await build(root, {}, { publicDir: 'static' });
    expect(read.filter((name) => name === 'large.dat' || name === 'big.bin')).toEqual([]);
    expect(copiesOf('static/large.dat')).toEqual(['large.dat']);
    expect(reports[0]!.files).toBeGreaterThan(1);
  });

  test('assets of a module that a loader executes are copied too, also from the cache', async () => {
    const executes =
      'module.exports = () => {};\nmodule.exports.pitch = function () {\n  const callback = this.async();\n' +
      "  this.importModule('./inner.js', {}, (error, found) =>\n" +
      "    callback(error, error || 'export default ' + JSON.stringify(found.default)));\n};\n";
    const root = makeProject({
      'main.js': "import url from './executed.js';\nexport default url;\n",
      'executed.js': '',
      'inner.js': "import url from './big.bin';\nexport default url;\n",
      'big.bin': big(),
      'loader.cjs': executes,
    });
    await pastTick();
    const cache = { type: 'filesystem' as const, cacheDirectory: join(root, 'node_modules/.cache/webpack') };
    const module = { rules: [...rules, { test: /executed\.js$/, use: join(root, 'loader.cjs') }] };
    for (const files of [1, 0]) {
      const { reports, copiesOf, read, text } = await build(root, { mode: 'production', cache, module });
      expect(read.filter((name) => name === 'big.bin')).toEqual([]);
      const [name, ...others] = copiesOf('big.bin');
      expect(others).toEqual([]);
      expect(text()).toContain(name);
      expect(reports).toMatchObject([{ files }]);
      expect(standInsBelow(join(root, 'dist'))).toEqual([]);
    }
  });

  test('assets of a child compilation are copied too', async () => {
    const root = makeProject({
      ...tree(),
      'child.js': "import url from './other.bin';\nexport default url;\n",
      'other.bin': big(),
    });
    const child = (compiler: Compiler) =>
      compiler.hooks.make.tapPromise('child', async (compilation) => {
        const { EntryPlugin } = compiler.webpack;
        const created = compilation.createChildCompiler('child', { filename: 'child.js' }, [
          new EntryPlugin(root, join(root, 'child.js'), { name: 'child' }),
        ]);
        await new Promise<void>((resolve, reject) =>
          created.runAsChild((error) => (error ? reject(error) : resolve())),
        );
      });
    const { reports, copiesOf, read } = await build(root, { plugins: [child] });
    expect(copiesOf('other.bin')).toHaveLength(1);
    expect(copiesOf('big.bin')).toHaveLength(1);
    expect(read.filter((name) => name.endsWith('.bin'))).toEqual([]);
    expect(reports).toMatchObject([{ files: 2 }]);
  });

  test('a bundle names what Node.js finds', async () => {
    const root = makeProject(tree());
    await build(root);
    const code = `import('${join(root, 'dist/bundle.js')}').then((m) => process.stdout.write(m.default))`;
    const url = execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' });
    expect(existsSync(join(root, 'dist', url))).toBe(true);
  });
});

/** The names of the files that webpack reads from now on, by its own functions for reading. */
function readsOf(compiler: Compiler): string[] {
  const read: string[] = [];
  const files = compiler.inputFileSystem as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const name of ['readFile', 'readFileSync']) {
    const original = files[name]!;
    files[name] = (...given) => {
      read.push(basename(String(given[0])));
      return original.apply(files, given);
    };
  }
  return read;
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
