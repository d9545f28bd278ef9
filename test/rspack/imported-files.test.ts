import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Compiler, type Configuration, rspack } from '@rspack/core';
import type { CopyReport } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/rspack';
import { expect, test, vi } from 'vitest';
import {
  type AssetHost,
  type AssetOutcome,
  describeAssets,
  standInsBelow,
} from '../hosts/describe-assets.ts';
import { makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { readTree, type TreeSpec } from '../support/trees.ts';
import { close, configOf, host, listen, outcomeOf, run, runOnce } from './hosts.ts';

const KIB = 1024;
const big = () => randomBytes(256 * KIB);
const hashOf = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
const rules = [{ test: /\.(bin|mp4|png)$/, type: 'asset/resource' as const }];

/** A config for an ES module with relative URLs, so that Node.js can run it. */
function moduleConfig(root: string, { output, ...config }: Configuration = {}) {
  return configOf(root, {
    module: { rules },
    performance: false,
    ...config,
    output: {
      module: true,
      library: { type: 'module' },
      publicPath: '',
      chunkFormat: 'module',
      chunkLoading: 'import',
      assetModuleFilename: 'assets/[name]-[contenthash:8][ext]',
      ...output,
    },
  });
}

type Act = (compilation: Parameters<Parameters<Compiler['hooks']['thisCompilation']['tap']>[1]>[0]) => void;

/** A plugin that calls `act` at a stage of `processAssets`. */
function at(stage: number, act: Act) {
  return (compiler: Compiler) =>
    compiler.hooks.thisCompilation.tap('test', (compilation) =>
      compilation.hooks.processAssets.tap({ name: 'test', stage }, () => act(compilation)),
    );
}

const assetHost: AssetHost = {
  name: host.name,
  isNative: true,
  async build({ root, options, meddle, meanwhile, write = true, names = 'assets/[name]-[hash][extname]' }) {
    const outDir = join(root, 'dist');
    const outcome: AssetOutcome = { outDir, warnings: [], errors: [], log: [], contents: {} };
    const assetModuleFilename = names.replace('[hash]', '[contenthash:8]').replace('[extname]', '[ext]');
    const { Compilation, sources } = rspack;
    const meddling =
      (isFirst: boolean): Act =>
      (compilation) => {
        if (isFirst) meanwhile?.();
        meddle?.(
          new Proxy(compilation.assets as Record<string, { source?: unknown }>, {
            get: (assets, asset: string) => ({
              get source() {
                return (assets[asset] as { source(): unknown }).source();
              },
              set source(content: unknown) {
                compilation.updateAsset(asset, new sources.RawSource(content as string));
              },
            }),
            deleteProperty: (_assets, asset: string) => {
              compilation.deleteAsset(asset);
              return true;
            },
          }),
        );
      };
    try {
      const plugins = [
        at(Compilation.PROCESS_ASSETS_STAGE_ADDITIONAL - 1, meddling(true)),
        reflink(options),
        at(Compilation.PROCESS_ASSETS_STAGE_REPORT, meddling(false)),
      ];
      const optimization = { emitOnErrors: false };
      const compiler = rspack(moduleConfig(root, { plugins, optimization, output: { assetModuleFilename } }));
      if (write) return { ...outcome, ...(await run(compiler)) };
      const written: Record<string, Uint8Array> = {};
      compiler.outputFileSystem = memoryFileSystem(written) as never;
      const stats = await runOnce(compiler);
      await close(compiler);
      return { ...outcome, ...outcomeOf(stats), contents: written };
    } catch (error) {
      return { ...outcome, errors: [String((error as Error).message)] };
    }
  },
};

/** An output filesystem that puts the written contents into `written`, by path. */
function memoryFileSystem(written: Record<string, Uint8Array>): object {
  const none = Object.assign(new Error('none'), { code: 'ENOENT' });
  const missing = (...given: unknown[]) => (given.at(-1) as (error: Error) => void)(none);
  const done = (...given: unknown[]) => (given.at(-1) as (error: null) => void)(null);
  return {
    ...{ stat: missing, lstat: missing, readFile: missing, readdir: missing },
    ...{ mkdir: done, rmdir: done, unlink: done, chmod: done },
    writeFile: (file: string, content: Uint8Array, ...given: unknown[]) => {
      written[file] = Buffer.from(content);
      done(...given);
    },
  };
}

describeAssets(assetHost);

const main = "import url from './big.bin';\nexport default url;\n";
const tree = (): TreeSpec => ({ 'main.js': main, 'big.bin': big() });

async function build(root: string, config: Configuration = {}, options: Options = {}) {
  const reports: CopyReport[] = [];
  const plugin = reflink({ assets: true, report: (each) => void reports.push(each), ...options });
  const compiler = rspack(moduleConfig(root, { ...config, plugins: [plugin, ...(config.plugins ?? [])] }));
  const built = await run(compiler);
  expect(built).toMatchObject({ errors: [], warnings: [] });
  const output = readTree(join(root, 'dist'));
  const copiesOf = (file: string) => {
    const { sha256 } = readTree(root)[file] as { sha256: string };
    return Object.entries(output).flatMap(([name, each]) => (each.sha256 === sha256 ? [name] : []));
  };
  const text = () => readFileSync(join(root, 'dist/bundle.js'), 'utf8');
  return { ...built, reports, copiesOf, text };
}

test.each<[string, string, string, Configuration, RegExp]>([
  [
    'new URL()',
    "export default new URL('./a.wasm', import.meta.url).href;",
    'a.wasm',
    {},
    /^assets\/a-\w{8}\.wasm$/,
  ],
  ['[hash]', main, 'big.bin', { output: { assetModuleFilename: '[hash][ext]' } }, /^\w{16,20}\.bin$/],
  ['publicPath', main, 'big.bin', { output: { publicPath: 'https://cdn.test/' } }, /^assets\//],
  [
    'generator.filename',
    main,
    'big.bin',
    { module: { rules: [{ ...rules[0]!, generator: { filename: 'media/[name].[contenthash:6][ext]' } }] } },
    /^media\/big\.\w{6}\.bin$/,
  ],
  [
    'the type "asset" above its limit',
    main,
    'big.bin',
    {
      module: {
        rules: [{ test: /\.bin$/, type: 'asset', parser: { dataUrlCondition: { maxSize: 20 * KIB } } }],
      },
    },
    /^assets\/big-\w{8}\.bin$/,
  ],
  [
    'production, with realContentHash',
    main,
    'big.bin',
    { mode: 'production', optimization: { realContentHash: true } },
    /^assets\/big-\w{8}\.bin$/,
  ],
])('%s: the file is copied', async (_what, code, file, config, pattern) => {
  const root = makeProject({ 'main.js': code, [file]: big() });
  const { reports, copiesOf, text } = await build(root, config);
  const [name, ...others] = copiesOf(file);
  expect(name).toMatch(pattern);
  expect(others).toEqual([]);
  expect(text()).toContain(name);
  expect(reports).toMatchObject([{ files: 1, bytes: 256 * KIB }]);
  expect(standInsBelow(root)).toEqual([]);
});

test.each<[string, Configuration]>([
  [
    'inlines',
    {
      module: {
        rules: [{ test: /\.bin$/, type: 'asset', parser: { dataUrlCondition: { maxSize: 300 * KIB } } }],
      },
    },
  ],
  ['inlines always', { module: { rules: [{ test: /\.bin$/, type: 'asset/inline' }] } }],
])('what Rspack %s is left to Rspack', async (_what, config) => {
  const root = makeProject(tree());
  const built = await build(root, config);
  expect(built.text()).toContain(readFileSync(join(root, 'big.bin')).toString('base64'));
  expect(built.reports).toMatchObject([{ files: 0 }]);
});

test("a project whose path contains a '#'", async () => {
  const code =
    "import one from './big.bin?query';\nimport two from './two.bin';\nexport default [one, two];\n";
  const root = join(makeProject({ 'C#/main.js': code, 'C#/big.bin': big(), 'C#/two.bin': big() }), 'C#');
  const { reports, copiesOf } = await build(root);
  expect(['big.bin', 'two.bin'].map((file) => copiesOf(file).length)).toEqual([1, 1]);
  expect(standInsBelow(root)).toEqual([]);
  expect(reports).toMatchObject([{ files: 2, bytes: 512 * KIB }]);
});

test('a loader gets the content', async () => {
  const root = makeProject({
    ...tree(),
    'loader.cjs': 'module.exports = (content) => content.subarray(0, 10);\nmodule.exports.raw = true;',
  });
  const use = [{ loader: join(root, 'loader.cjs') }];
  await build(root, { module: { rules: [{ test: /\.bin$/, type: 'asset/resource', use }] } });
  const [name] = readdirSync(join(root, 'dist/assets'));
  const content = readFileSync(join(root, 'big.bin')).subarray(0, 10);
  expect(readFileSync(join(root, 'dist/assets', name!))).toEqual(content);
});

test("Rspack's cache keeps no content, and is not taken for one", async () => {
  const root = makeProject(tree());
  await pastTick();
  const directory = join(root, 'node_modules/.cache/rspack');
  const config: Configuration = { cache: { type: 'persistent', storage: { type: 'filesystem', directory } } };
  const first = await build(root, config);
  const second = await build(root, config);
  expect(second.reports).toMatchObject([{ files: 0, unchanged: 1 }]);
  expect(second.copiesOf('big.bin')).toEqual(first.copiesOf('big.bin'));
  const kept = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  expect(kept.length).toBeGreaterThan(0);
  for (const each of kept) expect(statSync(join(each.parentPath, each.name)).size).toBeLessThan(256 * KIB);
  // A build without the option gets no stand-ins from the cache.
  const without = await run(rspack(moduleConfig(root, config)));
  expect(without.errors).toEqual([]);
  for (const name of readdirSync(join(root, 'dist/assets')))
    expect(statSync(join(root, 'dist/assets', name)).size).toBe(256 * KIB);
});

test("a file of a package that changes without a new version is not taken from Rspack's cache", async () => {
  const root = makeProject({
    'main.js': "import url from 'pkg/big.bin';\nexport default url;\n",
    'node_modules/pkg/package.json': '{ "name": "pkg", "version": "1.0.0" }',
  });
  const file = join(root, 'node_modules/pkg/big.bin');
  const directory = join(root, 'node_modules/.cache/rspack');
  const cache = { type: 'persistent', storage: { type: 'filesystem', directory } } as const;
  for (const content of [big(), big(), Buffer.concat([big(), big()])]) {
    writeFileSync(file, content);
    await pastTick();
    const { copiesOf, text } = await build(root, { cache, output: { clean: true } });
    const [name, ...others] = copiesOf('node_modules/pkg/big.bin');
    expect(others).toEqual([]);
    expect(text()).toContain(name);
  }
});

test('a build into memory finds no stand-in in the cache of one to the disk', async () => {
  const root = makeProject(tree());
  await pastTick();
  const directory = join(root, 'node_modules/.cache/rspack');
  const cache = { type: 'persistent', storage: { type: 'filesystem', directory } } as const;
  await build(root, { cache });
  const compiler = rspack(moduleConfig(root, { cache, plugins: [reflink({ assets: true, report: false })] }));
  const written: Record<string, Uint8Array> = {};
  compiler.outputFileSystem = memoryFileSystem(written) as never;
  const { errors } = await run(compiler);
  expect(errors).toEqual([]);
  const [[, content]] = Object.entries(written).filter(([name]) => name.endsWith('.bin')) as [
    [string, Uint8Array],
  ];
  expect(hashOf(content)).toBe(hashOf(readFileSync(join(root, 'big.bin'))));
});

test('a file that vanishes from under a cache ends the build, and no stand-in is written', async () => {
  const root = makeProject(tree());
  const remove = at(-1_000_000, () => rmSync(join(root, 'big.bin')));
  const compiler = rspack(
    moduleConfig(root, { plugins: [remove, reflink({ assets: true, report: false })] }),
  );
  const { errors } = await run(compiler);
  expect(errors.join()).toContain('big.bin');
  expect(standInsBelow(root)).toEqual([]);
});

test.each(['emit', 'afterEmit'])('a build that is killed in %s leaves no stand-in', (hook) => {
  const root = makeProject(tree());
  const child = join(import.meta.dirname, '../hosts/killed-imports.js');
  const { signal, stderr } = spawnSync(
    process.execPath,
    [child, JSON.stringify({ id: '@rspack/core', host: 'rspack', root, hook })],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  );
  expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
  expect(existsSync(join(root, 'dist/main.js'))).toBe(hook === 'afterEmit');
  expect(standInsBelow(root)).toEqual([]);
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
  const compiler = rspack(moduleConfig(root, { plugins: [plugin] }));
  listen(compiler);
  let built = 0;
  const watching = compiler.watch({ aggregateTimeout: 5 }, () => built++);
  try {
    await vi.waitFor(() => expect(built).toBeGreaterThan(0), 200_000);
    expect(reports.at(-1)).toMatchObject({ files: 2 });
    writeFileSync(join(root, 'a.bin'), big());
    await vi.waitFor(() => {
      const hashes = Object.values(readTree(join(root, 'dist'))).map(({ sha256 }) => sha256);
      for (const file of ['a.bin', 'b.bin']) expect(hashes).toContain(hashOf(readFileSync(join(root, file))));
    }, 200_000);
    await vi.waitFor(() => expect(reports.length).toBeGreaterThan(1), 200_000);
    expect(reports.slice(1).reduce((sum, { files }) => sum + files, 0)).toBe(1);
  } finally {
    await new Promise<void>((resolve) => watching!.close(() => resolve()));
  }
});
