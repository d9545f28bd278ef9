import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build, createServer, type PreviewServer, preview, type Rolldown, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packages, preparePublic, root } from '../../examples/vite/prepare-public.ts';
import config from '../../examples/vite/vite.config.ts';
import { browserMissing, openBrowser } from './chromium.ts';

const cache = path.join(root, 'node_modules/.cache');
const names = Object.keys(packages);

let scratch: string;
let outDir: string;
let bundled: string[];

beforeAll(async () => {
  await preparePublic();
  await mkdir(cache, { recursive: true });
  scratch = await mkdtemp(path.join(cache, 'browser-'));
  outDir = path.join(scratch, 'dist');
  const output = await build({
    ...config,
    configFile: false,
    root,
    cacheDir: path.join(scratch, 'cache'),
    logLevel: 'error',
    build: { outDir },
  });
  bundled = (output as Rolldown.RolldownOutput).output.map(({ fileName }) => fileName);
});

afterAll(async () => {
  if (scratch) await rm(scratch, { recursive: true });
});

const licenses = { cesium: 'LICENSE.md', tinymce: 'license.md' };

const missing = browserMissing();
const lane = `in Chromium${missing ? ` (skipped: ${missing})` : ''}`;

test.skipIf(missing)(`the output is the public directory, the targets and the bundle, ${lane}`, async () => {
  const [expected, built] = await Promise.all([sizes(path.join(root, 'public')), sizes(outDir)]);
  for (const [name, file] of Object.entries(licenses)) {
    const { size } = await stat(path.join(root, 'node_modules', name, file));
    expect(size).toBeGreaterThan(0);
    expected.set(`licenses/${name}.txt`, size);
  }
  for (const fileName of bundled) {
    expect(built.delete(fileName), `${fileName} is built`).toBe(true);
  }
  expect(expected.size).toBeGreaterThan(4000);
  expect(built.size).toBe(expected.size);
  expect(total(built)).toBe(total(expected));
  expect(Object.fromEntries(built)).toEqual(Object.fromEntries(expected));
});

/** Not a single-page app, because its server answers a request for a missing file with the page. */
const common = { root, appType: 'mpa', logLevel: 'error' } as const;
const listening = { host: '127.0.0.1', port: 0 };

const servers: [name: string, start: () => Promise<PreviewServer | ViteDevServer>][] = [
  ['the built page', () => preview({ ...common, configFile: false, build: { outDir }, preview: listening })],
  [
    'the page while developing',
    async () => {
      const cacheDir = path.join(scratch, 'dev-cache');
      const server = await createServer({
        ...config,
        ...common,
        configFile: false,
        cacheDir,
        server: listening,
      });
      return server.listen();
    },
  ],
];

describe.skipIf(missing).each(servers)(`%s ${lane}`, (_name, start) => {
  let server: PreviewServer | ViteDevServer;
  let browser: Browser;
  let page: Page;
  let origin: string;
  const requested: URL[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await start();
    origin = `http://127.0.0.1:${(server.httpServer!.address() as AddressInfo).port}`;
    browser = await openBrowser();
    page = await browser.newPage();
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http')) requested.push(url);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
    });
    page.on('requestfailed', (request) => {
      if (request.url().startsWith('http')) {
        complaints.push(`${request.failure()?.errorText} ${request.url()}`);
      }
    });
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(origin);
    await page.locator('body:not([data-status="loading"])').waitFor({ timeout: 100_000 });
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test.each(names)('%s works', async (name) => {
    const card = page.locator(`[data-package="${name}"]`);
    const result = await card.locator('.result').textContent();
    expect(await card.getAttribute('data-status'), result ?? '').toBe('ok');
    expect(requested.filter(({ pathname }) => pathname.startsWith(`/${name}/`))).not.toEqual([]);
  });

  test('nothing is missing and nothing complains', () => {
    expect(complaints).toEqual([]);
  });

  test('everything comes from the server', () => {
    expect(requested.filter((url) => url.origin !== origin).map(String)).toEqual([]);
  });

  test('the licenses are there, which are targets', async () => {
    const links = page.locator('.licenses a');
    expect(await links.count()).toBe(2);
    for (const [position, [name, file]] of Object.entries(licenses).entries()) {
      const href = (await links.nth(position).getAttribute('href'))!;
      expect(href).toBe(`${origin}/licenses/${name}.txt`);
      const response = await fetch(href);
      expect(response.headers.get('content-type')).toBe('text/plain');
      const source = await readFile(path.join(root, 'node_modules', name, file), 'utf8');
      expect(await response.text()).toBe(source);
    }
  });

  test('a file that is not in the output is not found', async () => {
    expect((await fetch(`${origin}/simple-icons/no-such-icon.svg`)).status).toBe(404);
  });
});

async function sizes(directory: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const name of await readdir(directory, { recursive: true })) {
    const stats = await stat(path.join(directory, name));
    if (stats.isFile()) found.set(name.replaceAll(path.sep, '/'), stats.size);
  }
  return found;
}

function total(files: Map<string, number>): number {
  return [...files.values()].reduce((sum, size) => sum + size, 0);
}
