import fs, { existsSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Compiler, type MultiCompiler, rspack } from '@rspack/core';
import { RspackDevServer } from '@rspack/dev-server';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/rspack';
import { afterEach, expect, test, vi } from 'vitest';
import middleware from 'webpack-dev-middleware';
import { BUNDLE } from '../hosts/cases.ts';
import { makeProject } from '../hosts/project.ts';
import { replaceAtOnce } from '../support/watches.js';
import { configOf, outcomeOf, run } from './hosts.ts';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  vi.restoreAllMocks();
});

const tree = {
  'static/large.bin': Buffer.alloc(3_000_000, 'large'),
  'static/docs/index.html': 'docs page',
  [`static/${BUNDLE}`]: 'public, which the bundle wins over',
};
const options: Options = {
  publicDir: 'static',
  targets: [
    { from: 'assets', to: 'assets' },
    { from: 'more/notes.md', transform: (content) => `changed ${content}` },
    { from: 'assets/a.txt', rename: 'plain.txt' },
  ],
};

const QUIET = { stats: 'none', infrastructureLogging: { level: 'none' } } as const;

/** The options that Rspack's command line passes to its server. */
const servers = {
  host: '127.0.0.1',
  port: 0,
  static: false,
  hot: false,
  client: false,
  webSocketServer: false,
};

/** Starts a server with the options of the compiler, as Rspack's command line does. Returns the URL. */
async function serve(compiler: Compiler | MultiCompiler, given?: object): Promise<string> {
  const first = 'compilers' in compiler ? compiler.compilers[0]! : compiler;
  const server = new RspackDevServer((given ?? first.options.devServer) as never, compiler as never);
  closing.push(() => server.stop());
  const built = new Promise((resolve) => compiler.hooks.done.tap('test', resolve as () => void));
  await server.start();
  await built;
  return `http://127.0.0.1:${(server.server!.address() as AddressInfo).port}`;
}

async function get(url: string, headers = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { headers });
  return { status: response.status, text: await response.text() };
}

/** Returns a function for the public files that were read as a whole since the call. */
function readsOf(root: string): () => string[] {
  const spy = vi.spyOn(fs, 'readFileSync');
  return () =>
    spy.mock.calls.map(([path]) => String(path)).filter((path) => path.startsWith(`${root}/static`));
}

function warningsOf(compiler: Compiler): string[] {
  const warnings: string[] = [];
  compiler.hooks.done.tap('test', (stats) => void warnings.push(...outcomeOf(stats).warnings));
  return warnings;
}

test.each([
  ['/', undefined],
  ['/base/', { publicPath: '/base/' }],
])('the development server serves files below %s from where they are', async (base, output) => {
  const root = makeProject(tree);
  const headers = { 'x-ours': 'yes' };
  const config = configOf(root, { plugins: [reflink(options)], ...(output && { output }), ...QUIET });
  const compiler = rspack({ ...config, devServer: { ...servers, headers } as never });
  const warnings = warningsOf(compiler);
  const read = readsOf(root);
  const url = (await serve(compiler)) + base;

  const large = await fetch(`${url}large.bin`);
  expect([large.status, large.headers.get('x-ours')]).toEqual([200, 'yes']);
  expect(Buffer.from(await large.arrayBuffer()).equals(tree['static/large.bin'] as Buffer)).toBe(true);
  expect(await get(`${url}large.bin`, { range: 'bytes=10-14' })).toEqual({ status: 206, text: 'large' });
  const etag = large.headers.get('etag')!;
  expect((await get(`${url}large.bin`, { 'if-none-match': etag, 'cache-control': 'max-age=0' })).status).toBe(
    304,
  );
  expect(await get(`${url}docs/`)).toEqual({ status: 200, text: 'docs page' });
  expect(await get(`${url}assets/sub/c.txt`)).toEqual({ status: 200, text: 'c' });
  expect(await get(`${url}notes.md`)).toEqual({ status: 200, text: 'changed notes' });
  expect(await get(`${url}${encodeURIComponent('dir (86)')}/a.txt`)).toEqual({
    status: 200,
    text: 'parentheses',
  });
  // A target and the bundle replace public files.
  expect((await get(`${url}plain.txt`)).text).toBe('a');
  expect((await get(`${url}${BUNDLE}`)).text).toContain('bundled');
  expect((await get(`${url}none.txt`)).status).toBe(404);
  expect((await get(`${url}..%2fmain.js`)).status).toBeOneOf([403, 404]);
  expect(existsSync(join(root, 'dist'))).toBe(false);
  expect(read()).toEqual([]);
  expect(warnings).toEqual([]);
  const inMemory = compiler.outputFileSystem as unknown as typeof fs;
  expect(inMemory.readdirSync(join(root, 'dist'))).toEqual([BUNDLE]);

  // Created sources are served, and deleted ones are not.
  replaceAtOnce(join(root, 'static/added.txt'), 'added');
  rmSync(join(root, 'static/LICENSE'));
  await vi.waitFor(async () => expect((await get(`${url}added.txt`)).text).toBe('added'), 200_000);
  await vi.waitFor(async () => expect((await get(`${url}LICENSE`)).status).toBe(404), 200_000);
});

test('the setupMiddlewares of the config comes after ours, and is called', async () => {
  const root = makeProject(tree);
  const setupMiddlewares = vi.fn((list: unknown[]) => list);
  const config = configOf(root, { plugins: [reflink(options)], ...QUIET });
  const given = { ...servers, setupMiddlewares };
  const compiler = rspack({ ...config, devServer: given as never });
  const url = await serve(compiler);
  expect((await get(`${url}/LICENSE`)).text).toBe('no extension');
  expect(setupMiddlewares).toHaveBeenCalledTimes(1);
  // The user's object is unchanged.
  expect(given.setupMiddlewares).toBe(setupMiddlewares);
});

/** Serves a compiler by webpack-dev-middleware alone, as Docusaurus does. Returns the URL. */
async function serveByMiddleware(compiler: Compiler): Promise<string> {
  const handler = middleware(compiler as never, { publicPath: '/' } as never);
  const server = http.createServer((request, response) => {
    handler(request, response, () => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () => new Promise((resolve) => handler.close(resolve)),
    () => new Promise((resolve) => server.close(resolve)),
  );
  await new Promise((resolve) => handler.waitUntilValid(resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.each([
  ["Rspack's", (compiler: Compiler) => serve(compiler, servers)],
  ['webpack-dev-middleware', serveByMiddleware],
])(
  'a server that does not know the options of the compiler finds the sources in memory: %s',
  async (_name, start) => {
    // More than one byte: webpack-dev-middleware serves a file of one byte as empty.
    const root = makeProject({ ...tree, 'assets/a.txt': 'first' });
    const compiler = rspack(configOf(root, { plugins: [reflink(options)], ...QUIET }));
    const warnings = warningsOf(compiler);
    const read = readsOf(root);
    const url = await start(compiler);
    const large = await fetch(`${url}/large.bin`);
    expect(Buffer.from(await large.arrayBuffer()).equals(tree['static/large.bin'] as Buffer)).toBe(true);
    expect(await get(`${url}/docs/`)).toEqual({ status: 200, text: 'docs page' });
    expect((await get(`${url}/plain.txt`)).text).toBe('first');
    expect(await get(`${url}/notes.md`)).toEqual({ status: 200, text: 'changed notes' });
    expect((await get(`${url}/${BUNDLE}`)).text).toContain('bundled');
    expect((await get(`${url}/none.txt`)).status).toBe(404);
    expect(read()).toEqual([]);
    expect(warnings).toEqual([]);
    replaceAtOnce(join(root, 'static/added.txt'), 'added');
    rmSync(join(root, 'static/LICENSE'));
    await vi.waitFor(async () => expect((await get(`${url}/added.txt`)).text).toBe('added'), 200_000);
    await vi.waitFor(async () => expect((await get(`${url}/LICENSE`)).status).toBe(404), 200_000);
  },
);

test('an output that can be read in no other way is warned of, once', async () => {
  const root = makeProject(tree);
  const compiler = rspack(configOf(root, { plugins: [reflink(options)], ...QUIET }));
  // An output whose methods cannot be replaced, because it is frozen or differs from memfs.
  const frozen = new Proxy(fs, {
    get(given, name) {
      if (name === 'stat') return (_path: string, done: (error: Error) => void) => done(new Error('ENOENT'));
      return name === 'mkdirSync' ? undefined : Reflect.get(given, name);
    },
  });
  compiler.outputFileSystem = frozen as never;
  const { warnings } = await run(compiler);
  expect(warnings).toEqual([
    expect.stringMatching(
      /^unplugin-reflink: nothing is copied for the public directory "static", the target "assets" .*compiler\.options\.devServer/,
    ),
  ]);
});

test('an absolute target outside of an output in memory is warned about once, with the reason and the remedy', async () => {
  const root = makeProject(tree);
  const given: Options = { targets: [{ from: 'assets', to: join(root, 'elsewhere') }], report: false };
  const config = configOf(root, { plugins: [reflink(given)], ...QUIET });
  const compiler = rspack({ ...config, devServer: servers as never });
  const warnings = warningsOf(compiler);
  await serve(compiler);
  expect(warnings).toEqual([
    expect.stringMatching(
      /^unplugin-reflink: nothing is copied for the target "assets" \(to ".*elsewhere"\), because Rspack's output is in memory.*"output\.path"/,
    ),
  ]);
  expect(existsSync(join(root, 'elsewhere'))).toBe(false);
});

test('devMiddleware.writeToDisk: true copies files', async () => {
  const root = makeProject(tree);
  const config = configOf(root, { plugins: [reflink({ ...options, report: false })], ...QUIET });
  const compiler = rspack({
    ...config,
    devServer: { ...servers, devMiddleware: { writeToDisk: true } } as never,
  });
  const read = readsOf(root);
  const url = await serve(compiler);
  expect((await get(`${url}/LICENSE`)).text).toBe('no extension');
  expect(readFileSync(join(root, 'dist/large.bin')).equals(tree['static/large.bin'] as Buffer)).toBe(true);
  expect(fs.statSync(join(root, 'dist/run.sh')).mode & 0o777).toBe(0o755);
  expect(read()).not.toContain(join(root, 'static/large.bin'));
});
