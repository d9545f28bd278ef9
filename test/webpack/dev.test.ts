import fs, { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/webpack';
import { afterEach, expect, test, vi } from 'vitest';
import type { Compiler, MultiCompiler } from 'webpack';
import middleware from 'webpack-dev-middleware';
import WebpackDevServer from 'webpack-dev-server';
import { identityOf, LONG_AGO, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { type Bundler, configOf, describeWebpacks, reporting, run } from './hosts.ts';

const QUIET = { stats: 'none', infrastructureLogging: { level: 'none' } } as const;

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  vi.restoreAllMocks();
});

const tree = {
  'static/large.bin': Buffer.alloc(3_000_000, 'large'),
  'static/docs/index.html': 'docs page',
  // More than one byte: webpack-dev-middleware serves a file of one byte as empty.
  'assets/sub/c.txt': 'third',
  'assets/a.txt': 'first',
};
const options: Options = {
  publicDir: 'static',
  targets: [
    { from: 'assets', to: 'assets' },
    { from: 'assets/a.txt', to: '[name].[contenthash][ext]' },
    { from: 'more/notes.md', transform: (content) => `changed ${content}` },
  ],
};

type MiddlewareOptions = Parameters<typeof middleware>[1];

/** Serves a compiler by webpack-dev-middleware alone. Returns the URL. */
async function serve(compiler: Compiler | MultiCompiler, given: MiddlewareOptions = {}): Promise<string> {
  const handler = middleware(compiler as never, { publicPath: '/base/', ...given } as never);
  const server = http.createServer((request, response) => {
    handler(request, response, () => {
      response.statusCode = 404;
      response.end('not there');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () => new Promise((resolve) => handler.close(resolve)),
    () => new Promise((resolve) => server.close(resolve)),
  );
  await new Promise((resolve) => handler.waitUntilValid(resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`;
}

async function get(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

function silent({ webpack }: Bundler, root: string, given = options) {
  const { plugin, reports } = reporting(given);
  const compiler = webpack({
    ...configOf(root, { plugins: [plugin] }),
    ...QUIET,
  })!;
  return { compiler, reports };
}

/** Returns a function for the public files that were read as a whole since the call. */
function readsOf(root: string): () => string[] {
  const spy = vi.spyOn(fs, 'readFileSync');
  return () =>
    spy.mock.calls.map(([path]) => String(path)).filter((path) => path.startsWith(`${root}/static`));
}

async function expectServed(base: string, root: string): Promise<void> {
  const large = await fetch(`${base}/large.bin`);
  expect(large.status).toBe(200);
  expect(Buffer.from(await large.arrayBuffer()).equals(readFileSync(join(root, 'static/large.bin')))).toBe(
    true,
  );
  const part = await fetch(`${base}/large.bin`, { headers: { range: 'bytes=10-14' } });
  expect([part.status, await part.text()]).toEqual([206, 'large']);
  expect((await fetch(`${base}/large.bin`, { method: 'HEAD' })).headers.get('content-length')).toBe(
    '3000000',
  );
  expect(await get(`${base}/docs/`)).toEqual({ status: 200, text: 'docs page' });
  expect(await get(`${base}/assets/sub/c.txt`)).toEqual({ status: 200, text: 'third' });
  expect(await get(`${base}/notes.md`)).toEqual({ status: 200, text: 'changed notes' });
  expect(await get(`${base}/${encodeURIComponent('dir (86)')}/a.txt`)).toEqual({
    status: 200,
    text: 'parentheses',
  });
  expect((await get(`${base}/bundle.js`)).text).toContain('bundled');
  expect((await get(`${base}/none.txt`)).status).toBe(404);
  expect(existsSync(join(root, 'dist'))).toBe(false);
}

describeWebpacks((host) => {
  test('webpack-dev-middleware serves the sources of files', async () => {
    const root = makeProject(tree);
    const { compiler, reports } = silent(host, root);
    const read = readsOf(root);
    const base = await serve(compiler);
    await expectServed(base, root);
    expect(read()).toEqual([]);
    expect(reports).toEqual([]);
    // Created sources are served, and deleted ones are not.
    writeFileSync(join(root, 'static/added.txt'), 'added');
    fs.rmSync(join(root, 'static/LICENSE'));
    await vi.waitFor(async () => expect((await get(`${base}/added.txt`)).text).toBe('added'), 200_000);
    expect((await get(`${base}/LICENSE`)).status).toBe(404);
  });

  test("webpack.dev: 'emit' loads all files into memory", async () => {
    const root = makeProject(tree);
    const { compiler } = silent(host, root, { ...options, webpack: { dev: 'emit' } });
    const read = readsOf(root);
    await expectServed(await serve(compiler), root);
    expect(read()).toContain(join(root, 'static/large.bin'));
    const inMemory = compiler.outputFileSystem as unknown as typeof fs;
    expect(inMemory.readdirSync(join(root, 'dist'))).toContain('large.bin');
  });

  test('writeToDisk: true copies files', async () => {
    const root = makeProject(tree);
    const { compiler, reports } = silent(host, root);
    const read = readsOf(root);
    const base = await serve(compiler, { writeToDisk: true });
    expect((await get(`${base}/plain.txt`)).text).toBe('plain');
    expect(read()).toEqual([]);
    expect(reports[0]!.files).toBeGreaterThan(15);
    expect(fs.statSync(join(root, 'dist/run.sh')).mode & 0o777).toBe(0o755);
  });

  test('writeToDisk as a function writes the files that it selects', async () => {
    const root = makeProject(tree);
    const { compiler } = silent(host, root);
    const base = await serve(compiler, { writeToDisk: (path) => path.endsWith('plain.txt') });
    expect((await get(`${base}/large.bin`)).status).toBe(200);
    expect(readFileSync(join(root, 'dist/plain.txt'), 'utf8')).toBe('plain');
    expect(existsSync(join(root, 'dist/large.bin'))).toBe(false);
  });

  test('webpack-dev-server', async () => {
    const root = makeProject(tree);
    const { compiler } = silent(host, root);
    const server = new WebpackDevServer(
      {
        host: '127.0.0.1',
        port: 0,
        static: false,
        hot: false,
        client: false,
        webSocketServer: false,
        devMiddleware: { publicPath: '/base/' },
      },
      compiler as never,
    );
    const read = readsOf(root);
    closing.push(() => server.stop());
    await server.start();
    const { port } = server.server!.address() as AddressInfo;
    await vi.waitFor(
      async () => expect((await get(`http://127.0.0.1:${port}/base/bundle.js`)).status).toBe(200),
      200_000,
    );
    await expectServed(`http://127.0.0.1:${port}/base`, root);
    expect(read()).toEqual([]);
  });

  test('webpack-dev-server with writeToDisk: true copies files, and does not write them again; other plugins are told', async () => {
    const root = makeProject(tree);
    const { compiler, reports } = silent(host, root);
    const { assetEmitted } = compiler.hooks;
    const told: string[] = [];
    assetEmitted.tap('sync', (name) => void told.push(`sync ${name}`));
    assetEmitted.tapAsync({ name: 'first', stage: -1 }, (name, _info, callback) => {
      told.push(`first ${name}`);
      callback();
    });
    const devMiddleware = { publicPath: '/base/', writeToDisk: true };
    const server = new WebpackDevServer(
      {
        ...{ host: '127.0.0.1', port: 0, static: false, hot: false, client: false, webSocketServer: false },
        devMiddleware,
      },
      compiler as never,
    );
    const read = readsOf(root);
    closing.push(() => server.stop());
    await server.start();
    const { port } = server.server!.address() as AddressInfo;
    expect((await get(`http://127.0.0.1:${port}/base/plain.txt`)).text).toBe('plain');
    expect(reports[0]!.files).toBeGreaterThan(15);
    expect(read()).toEqual([]);
    expect(fs.statSync(join(root, 'dist/plain.txt')).mtime).toEqual(LONG_AGO);
    expect(told.filter((each) => each.endsWith(' plain.txt'))).toEqual(['first plain.txt', 'sync plain.txt']);
  });

  test('an absolute target outside of an output in memory is warned about once, with the reason and the remedy', async () => {
    const root = makeProject(tree);
    const given: Options = { targets: [{ from: 'assets', to: join(root, 'elsewhere') }], report: false };
    const compiler = host.webpack(configOf(root, { plugins: [reflink(given)] }))!;
    const warnings: string[][] = [];
    compiler.hooks.done.tap('test', ({ compilation }) => {
      warnings.push(compilation.warnings.map(({ message }) => message));
    });
    await serve(compiler);
    expect(warnings.flat()).toEqual([
      expect.stringMatching(
        /^unplugin-reflink: nothing is copied for the target "assets" \(to ".*elsewhere"\), because webpack's output is in memory.*"output\.path"/,
      ),
    ]);
    expect(existsSync(join(root, 'elsewhere'))).toBe(false);
  });

  test('several compilers of one development server', async () => {
    const root = makeProject({ ...tree, 'other.js': 'console.log("other")' });
    const config = (plugin: ReturnType<typeof reflink>, name: string, filename: string) => ({
      ...configOf(root, { plugins: [plugin], output: { filename } }),
      entry: join(root, name),
      ...QUIET,
    });
    const compiler = host.webpack([
      config(reflink({ publicDir: 'static' }), 'main.js', 'bundle.js'),
      config(reflink({ targets: [{ from: 'assets' }] }), 'other.js', 'other.js'),
    ]);
    const base = await serve(compiler);
    for (const [name, text] of [
      ['plain.txt', 'plain'],
      ['a.txt', 'first'],
    ])
      expect(await get(`${base}/${name}`)).toEqual({ status: 200, text });
    expect((await get(`${base}/other.js`)).text).toContain('other');
  });

  test.each([1, 2])('several compilers with one output, %s at a time', async (parallelism) => {
    const root = makeProject(tree);
    const compile = async () => {
      const configs = [
        { publicDir: 'static' },
        { targets: [{ from: 'assets' }] },
        { publicDir: 'static' },
      ].map((given, index) => ({
        ...configOf(root, {
          plugins: [reflink({ report: false, ...given })],
          output: { filename: `${index}.js` },
        }),
      }));
      const compiler = host.webpack(Object.assign(configs, { parallelism }));
      const errors = await new Promise<string[]>((resolve, reject) =>
        compiler.run((error, stats) =>
          compiler.close(() =>
            error
              ? reject(error)
              : resolve(stats!.toJson({ all: false, errors: true }).errors!.map(({ message }) => message)),
          ),
        ),
      );
      expect(errors).toEqual([]);
    };
    await pastTick();
    await compile();
    await compile();
    const names = ['a.txt', 'sub/c.txt', 'large.bin'];
    const before = names.map((name) => identityOf(join(root, 'dist', name)));
    fs.rmSync(join(root, 'assets/b.md'));
    await compile();
    expect(names.map((name) => identityOf(join(root, 'dist', name)))).toEqual(before);
    expect(existsSync(join(root, 'dist/b.md'))).toBe(false);
    expect(readFileSync(join(root, 'dist/plain.txt'), 'utf8')).toBe('plain');
  });

  test('a plugin that is used again', async () => {
    const root = makeProject(tree);
    const { plugin, reports } = reporting(options);
    await run(host.webpack(configOf(root, { plugins: [plugin] }))!);
    fs.rmSync(join(root, 'dist'), { recursive: true });
    await run(host.webpack(configOf(root, { plugins: [plugin] }))!);
    expect(reports[1]!.files).toBe(reports[0]!.files);
    expect(reports[0]!.files).toBeGreaterThan(15);
  });
});
