import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serve } from '../../examples/common/serve.js';
import { browserMissing, openBrowser } from '../browser/chromium.ts';
import { orSkipped } from '../support/skip.ts';

const docs = join(import.meta.dirname, '../../docs');
const missing = browserMissing();

/** What one page of the site has, as a browser shows it. */
interface Shown {
  links: string[];
  anchors: Set<string>;
  complaints: string[];
  /** Pixels that the page is wider than a phone. */
  overflow: number;
}

describe.skipIf(missing)(orSkipped('the documentation site, in Chromium', missing), () => {
  let scratch: string;
  let outDir: string;
  let server: Awaited<ReturnType<typeof serve>>;
  let browser: Browser;
  let origin: string;
  const pages = new Map<string, Shown>();

  beforeAll(async () => {
    const cache = join(import.meta.dirname, '../node_modules/.cache');
    mkdirSync(cache, { recursive: true });
    scratch = mkdtempSync(join(cache, 'site-'));
    outDir = join(scratch, 'dist');
    const vitepress = join(docs, 'node_modules/vitepress/bin/vitepress.js');
    const settings = { cwd: docs, encoding: 'utf8', stdio: 'pipe' } as const;
    execFileSync(process.execPath, [vitepress, 'build', '--outDir', outDir], settings);
    server = await serve(outDir);
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await openBrowser();
    const page = await browser.newPage({ viewport: { width: 375, height: 800 } });
    const names = readdirSync(outDir, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.html') && name !== '404.html')
      .sort();
    for (const name of names) pages.set(`/${name}`, await look(page, `${origin}/${name}`));
    await page.close();
  });

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    if (scratch) rmSync(scratch, { recursive: true });
  });

  test('there is a page for each topic', () => {
    for (const name of [
      '/index.html',
      '/options.html',
      '/bundlers/vite.html',
      '/from/index.html',
      '/api/index.html',
    ])
      expect([...pages.keys()]).toContain(name);
  });

  test('every link within the site leads to a page, and to a heading that is there', () => {
    const broken = [...pages].flatMap(([name, { links }]) =>
      links.filter((link) => !leads(new URL(link))).map((link) => `${name}: ${link.slice(origin.length)}`),
    );
    expect(broken).toEqual([]);
  });

  function leads(url: URL): boolean {
    if (url.origin !== origin) return true;
    const name = url.pathname.endsWith('/') ? `${url.pathname}index.html` : url.pathname;
    const page = pages.get(name);
    if (!page) return statSync(join(outDir, name), { throwIfNoEntry: false })?.isFile() ?? false;
    return url.hash === '' || page.anchors.has(decodeURIComponent(url.hash.slice(1)));
  }

  test('nothing complains, and everything comes from the site', () => {
    expect(
      [...pages].flatMap(([name, { complaints }]) => complaints.map((each) => `${name}: ${each}`)),
    ).toEqual([]);
  });

  test('no page is wider than a phone', () => {
    const wide = [...pages].filter(([, { overflow }]) => overflow > 0);
    expect(wide.map(([name, { overflow }]) => `${name}: ${overflow} px`)).toEqual([]);
  });

  test('the plugin has copied the public directory and its targets', () => {
    for (const [source, copy] of [
      ['public/icon.svg', 'icon.svg'],
      ['benchmarks.json', 'benchmarks.json'],
      ['engine/benchmarks.json', 'engine/benchmarks.json'],
      ['imported/benchmarks.json', 'imported/benchmarks.json'],
    ] as const) {
      // Vite's own copy has the time at which it was made.
      expect(statSync(join(outDir, copy)).mtimeMs).toBeCloseTo(statSync(join(docs, source)).mtimeMs, 0);
    }
  });

  test.each([
    ['copyPublicDir', '/options.html#publicdir'],
    ['patterns', '/options.html#targets'],
    ['noErrorOnMissing', '/options.html#allowmissing'],
    ['stripBase', '/from/vite-plugin-static-copy.html'],
    ['ERR_COLLISION', '/troubleshooting.html#err_collision'],
  ])('who searches for %s finds %s', async (words, expected) => {
    const page = await browser.newPage();
    try {
      await page.goto(`${origin}/get-started.html`);
      await page.locator('.VPNavBarSearchButton, #local-search button').first().click();
      await page.locator('#localsearch-input').fill(words);
      await page.locator('#localsearch-list .result').first().waitFor();
      const found = page.locator('#localsearch-list a.result');
      const links = await found.evaluateAll((all) => all.map((each) => each.getAttribute('href') ?? ''));
      expect(links.filter((link) => link.startsWith(expected))).not.toEqual([]);
    } finally {
      await page.close();
    }
  });

  async function look(page: Page, url: string): Promise<Shown> {
    const complaints: string[] = [];
    const listeners = {
      pageerror: (error: Error) => complaints.push(String(error)),
      console: (message: { type(): string; text(): string }) => {
        if (message.type() === 'error') complaints.push(message.text());
      },
      request: (request: { url(): string }) => {
        const { protocol, origin: asked } = new URL(request.url());
        if (protocol.startsWith('http') && asked !== origin) complaints.push(`asks ${request.url()}`);
      },
      response: (response: { status(): number; url(): string }) => {
        if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
      },
    };
    for (const [event, listener] of Object.entries(listeners)) page.on(event as 'request', listener as never);
    await page.goto(url, { waitUntil: 'load' });
    // Vue has taken over what the server rendered.
    await page.waitForFunction(`'__vue_app__' in document.querySelector('#app')`);
    const shown = {
      links: await page.locator('a[href]').evaluateAll((all) => all.map(({ href }) => String(href))),
      anchors: await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => String(id))),
      overflow: await page.locator(':root').evaluate((root) => root.scrollWidth - root.clientWidth),
    };
    for (const [event, listener] of Object.entries(listeners))
      page.off(event as 'request', listener as never);
    return { ...shown, anchors: new Set(shown.anchors), complaints };
  }
});
