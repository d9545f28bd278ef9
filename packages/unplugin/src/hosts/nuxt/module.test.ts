import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CopyReport } from 'fs-reflink';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pastTick } from '../../../../../test/support/clock.ts';
import nuxt from '../../nuxt.ts';
import type { Nitro, Nuxt } from './types.ts';

/** Calls hooks in the order in which they were added. */
class Hooks {
  readonly #added = new Map<string, ((...given: never[]) => unknown)[]>();

  hook = (name: string, callback: (...given: never[]) => unknown) => {
    this.#added.set(name, [...(this.#added.get(name) ?? []), callback]);
  };

  async call(name: string, ...given: unknown[]): Promise<void> {
    for (const callback of this.#added.get(name) ?? []) await callback(...(given as never[]));
  }
}

describe('the module for Nuxt, in builds that do what those of Nuxt do', () => {
  let root: string;
  let reports: CopyReport[];
  beforeEach(() => {
    root = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'nuxt-')));
    reports = [];
    fs.mkdirSync(path.join(root, 'node_modules'));
    write('public/robots.txt', 'public');
    write('public/notes.md', 'ignored');
    write('data/a.json', 'target');
  });
  afterEach(() => fs.rmSync(root, { recursive: true }));

  const write = (name: string, content: string) => {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), content);
  };
  const read = (name: string) => fs.readFileSync(path.join(root, '.output/public', name), 'utf8');
  const inodeOf = (name: string) => fs.statSync(path.join(root, '.output/public', name)).ino;
  const files = () =>
    fs
      .readdirSync(path.join(root, '.output/public'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) =>
        path.relative(path.join(root, '.output/public'), path.join(parentPath, name)),
      )
      .sort();

  /** Runs a build. Nuxt renders `pages`, and the module gets `options`. */
  async function build(pages: Record<string, string> = {}, options: object = {}): Promise<CopyReport> {
    const hooks = new Hooks();
    const nitroHooks = new Hooks();
    const log = { info() {}, warn() {}, error() {} };
    const nitro: Nitro = {
      options: {
        srcDir: root,
        output: { publicDir: path.join(root, '.output/public') },
        publicAssets: [
          { dir: path.join(root, 'meta'), baseURL: '/_nuxt/builds' },
          { dir: path.join(root, 'public') },
          { dir: path.join(root, 'layer'), baseURL: '/' },
          { dir: path.join(root, 'missing') },
        ],
        ignore: ['**/*.md', '!public/kept.md', 'public/left'],
        devHandlers: [],
      },
      hooks: nitroHooks,
      logger: log,
    };
    const project: Nuxt = {
      options: { rootDir: root, buildDir: path.join(root, '.nuxt'), dev: false, app: { baseURL: '/' } },
      hook: hooks.hook,
    };
    nuxt(
      {
        targets: [{ from: 'data', to: 'data' }],
        report: (report) => void reports.push(report),
        ...options,
      },
      project,
    );
    // Nuxt's own hook, which writes into a public directory.
    hooks.hook('nitro:init', (given: Nitro) =>
      given.hooks.hook('rollup:before', () => write('meta/latest.json', String(reports.length))),
    );
    await hooks.call('nitro:config', {});
    await hooks.call('nitro:init', nitro);
    await hooks.call('nitro:build:before', nitro);
    fs.rmSync(path.join(root, '.output'), { recursive: true, force: true });
    fs.mkdirSync(path.join(root, '.output/public'), { recursive: true });
    for (const [name, content] of Object.entries(pages)) write(`.output/public/${name}`, content);
    await nitroHooks.call('rollup:before', nitro);
    await pastTick();
    return reports.at(-1)!;
  }

  test('public directories and targets are copied, and what Nitro ignores is not', async () => {
    write('layer/robots.txt', 'of a layer, which the project wins over');
    write('layer/layer.txt', 'layer');
    write('public/left/out.txt', 'ignored');
    const { files: copied, methods } = await build({ 'index.html': 'page' });
    expect(files()).toEqual([
      '_nuxt/builds/latest.json',
      'data/a.json',
      'index.html',
      'layer.txt',
      'robots.txt',
    ]);
    expect(read('robots.txt')).toBe('public');
    expect(copied).toBe(4);
    expect(Object.keys(methods)).not.toContain('node_fs');
  });

  test('unchanged files stay, although Nitro deletes its output', async () => {
    await pastTick();
    await build({ 'index.html': 'page', 'old/index.html': 'old' });
    const inodes = ['robots.txt', 'data/a.json'].map(inodeOf);
    fs.rmSync(path.join(root, 'data/a.json'));
    write('data/b.json', 'another target');
    const { files: copied, unchanged, pruned } = await build({ 'index.html': 'page again' });
    expect(files()).toEqual(['_nuxt/builds/latest.json', 'data/b.json', 'index.html', 'robots.txt']);
    expect([inodeOf('robots.txt'), read('index.html'), read('_nuxt/builds/latest.json')]).toEqual([
      inodes[0],
      'page again',
      '1',
    ]);
    // A page and a target that do not exist any more are deleted. The other page is written again.
    expect({ copied, unchanged, pruned }).toEqual({ copied: 2, unchanged: 1, pruned: 2 });
    expect(fs.readdirSync(path.join(root, '.nuxt'))).toEqual([]);
  });

  test('a page that is rendered now is kept over a file that was copied before, and over a directory', async () => {
    write('public/about/index.html', 'public');
    await build();
    expect(read('about/index.html')).toBe('public');
    await build({ 'about/index.html': 'page', data: 'a page in the place of a directory' }, { targets: [] });
    expect(read('about/index.html')).toBe('page');
    expect(read('data')).toBe('a page in the place of a directory');
    expect(files()).toEqual(['_nuxt/builds/latest.json', 'about/index.html', 'data', 'robots.txt']);
  });

  test('a page replaces a file, and a link to a directory, that were copied before in the place of its directory', async () => {
    write('public/about', 'public');
    write('elsewhere/index.html', 'elsewhere');
    fs.symlinkSync('../elsewhere', path.join(root, 'public/linked'));
    await build({}, { symlinks: 'keep' });
    expect(fs.lstatSync(path.join(root, '.output/public/linked')).isSymbolicLink()).toBe(true);
    for (const name of ['about', 'linked']) fs.rmSync(path.join(root, 'public', name));
    await build({ 'about/index.html': 'page', 'linked/index.html': 'page' }, { symlinks: 'keep' });
    expect(files()).toEqual([
      '_nuxt/builds/latest.json',
      'about/index.html',
      'data/a.json',
      'linked/index.html',
      'robots.txt',
    ]);
    expect(fs.readFileSync(path.join(root, 'elsewhere/index.html'), 'utf8')).toBe('elsewhere');
  });

  test('a target is kept over a page', async () => {
    const { files: copied } = await build({ 'data/a.json': 'page' });
    expect(read('data/a.json')).toBe('target');
    expect(copied).toBe(3);
  });

  test('what a build that failed has set aside is gone', async () => {
    await pastTick();
    await build();
    write('.nuxt/unplugin-reflink-earlier/stale.txt', 'stale');
    write('.nuxt/unplugin-reflink-fresh/stale.txt', 'stale');
    const { unchanged } = await build();
    expect(unchanged).toBeGreaterThan(0);
    expect(files()).toEqual(['_nuxt/builds/latest.json', 'data/a.json', 'robots.txt']);
  });

  test('while developing, targets are answered from their sources, and nothing is copied', async () => {
    const hooks = new Hooks();
    const devHandlers: { handler: (event: object) => Promise<void> }[] = [];
    nuxt(
      { targets: [{ from: 'data', to: 'data' }] },
      {
        options: { rootDir: root, buildDir: path.join(root, '.nuxt'), dev: true, app: { baseURL: '/base/' } },
        hook: hooks.hook,
      },
    );
    const output = { publicDir: path.join(root, '.output/public') };
    await hooks.call('nitro:init', { options: { output, devHandlers }, logger: console });
    expect(devHandlers).toHaveLength(1);
    // As in h3, the next handler answers what this one has not answered.
    const server = http.createServer(async (req, res) => {
      await devHandlers[0]!.handler({ node: { req, res } });
      if (!res.headersSent) res.writeHead(404).end('the next handler');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const get = async (url: string) => (await fetch(`http://127.0.0.1:${port}${url}`)).text();
    try {
      expect(await get('/base/data/a.json')).toBe('target');
      for (const url of ['/data/a.json', '/base/data/b.json', '/base/robots.txt', '/base/'])
        expect(await get(url), url).toBe('the next handler');
      write('data/b.json', 'a new target');
      await fetch(`http://127.0.0.1:${port}/base/`, { headers: { accept: 'text/html' } });
      expect(await get('/base/data/b.json')).toBe('a new target');
    } finally {
      server.closeAllConnections();
      server.close();
    }
    await hooks.call('nitro:build:before', {});
    expect(fs.existsSync(path.join(root, '.output'))).toBe(false);
  });

  test('publicDir: false leaves public directories to Nitro, and a list is refused', async () => {
    await build({}, { publicDir: false });
    expect(files()).toEqual(['data/a.json']);
    await expect(build({}, { publicDir: ['public'] })).rejects.toThrow(
      /\(nuxt\): option "publicDir" must be false or left out\. .*"nitro\.publicAssets"/,
    );
  });
});
