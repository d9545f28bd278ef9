import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packages, publicDirs } from '../../examples/common/assets.js';
import { serve } from '../../examples/common/serve.js';
import { browserMissing, openBrowser } from './chromium.ts';

const missing = browserMissing();
const lane = `built by its command${missing ? ` (skipped: ${missing})` : ''}`;

const byConfig = ['-c', '--dir'];

describe.skipIf(missing).each([
  ['rollup', 'Rollup', 'node_modules/.bin/rollup', byConfig],
  ['rolldown', 'Rolldown', 'node_modules/.bin/rolldown', byConfig],
  ['esbuild', 'esbuild', process.execPath, ['build.js']],
  ['webpack', 'webpack', 'node_modules/.bin/webpack', ['--output-path']],
  ['rspack', 'Rspack', 'node_modules/.bin/rspack', ['build', '--output-path']],
  ['rsbuild', 'Rsbuild', 'node_modules/.bin/rsbuild', ['build', '--dist-path']],
])(`the example of %s, ${lane}`, (name, title, command, before) => {
  const root = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const cache = join(root, 'node_modules/.cache');
  let outDir: string;
  let output: string;

  beforeAll(() => {
    mkdirSync(cache, { recursive: true });
    outDir = join(mkdtempSync(join(cache, 'browser-')), 'dist');
    const settings = { cwd: root, encoding: 'utf8', stdio: 'pipe' } as const;
    output = execFileSync(resolve(root, command), [...before, outDir], settings);
  });

  afterAll(() => {
    if (outDir) rmSync(join(outDir, '..'), { recursive: true });
  });

  test('is the packages, the page and the bundle', () => {
    const count = (directory: string) =>
      readdirSync(directory, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).length;
    const placed = publicDirs.reduce((files, { dir }) => files + count(dir), 0);
    expect(placed).toBeGreaterThan(4000);
    expect(count(outDir)).toBe(placed + 3);
    expect(statSync(join(outDir, 'main.js')).size).toBeGreaterThan(1000);
    expect(output).toBeDefined();
  });

  describe('in Chromium', () => {
    test('every package works, and nothing complains', async () => {
      const server = await serve(outDir);
      const browser = await openBrowser();
      const complaints: string[] = [];
      try {
        const page = await browser.newPage();
        page.on('pageerror', (error) => complaints.push(String(error)));
        page.on('console', (message) => {
          if (message.type() === 'error') complaints.push(message.text());
        });
        page.on('response', (response) => {
          if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
        });
        await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
        await page.locator('body:not([data-status="loading"])').waitFor({ timeout: 100_000 });
        expect(await page.title()).toBe(`unplugin-reflink with ${title}`);
        for (const each of Object.keys(packages)) {
          const item = page.locator(`[data-package="${each}"]`);
          expect(await item.getAttribute('data-status'), (await item.textContent()) ?? '').toBe('ok');
        }
        expect(complaints).toEqual([]);
      } finally {
        await browser.close();
        server.closeAllConnections();
        server.close();
      }
    });
  });
});
