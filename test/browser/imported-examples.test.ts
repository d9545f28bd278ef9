import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serve } from '../../examples/common/serve.js';
import { browserMissing, openBrowser } from './chromium.ts';

const missing = browserMissing();
const lane = `built by its command${missing ? ` (skipped: ${missing})` : ''}`;
const common = fileURLToPath(new URL('../../examples/common/node_modules', import.meta.url));

/** What the page imports of each package. */
const files = {
  'onnxruntime-web': 'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
  '@ffmpeg/core': '@ffmpeg/core/dist/esm/ffmpeg-core.wasm',
  cesium: 'cesium/Build/Cesium/ThirdParty/draco_decoder.wasm',
};

describe.skipIf(missing).each([
  ['vite', 'node_modules/.bin/vite', ['build', '-c', 'imported.config.js', '--emptyOutDir', '--outDir']],
  ['rollup', 'node_modules/.bin/rollup', ['-c', 'imported.config.js', '--dir']],
  ['rolldown', 'node_modules/.bin/rolldown', ['-c', 'imported.config.js', '--dir']],
  ['esbuild', process.execPath, ['imported.js']],
  ['webpack', 'node_modules/.bin/webpack', ['--config', 'imported.config.js', '--output-path']],
  ['rspack', 'node_modules/.bin/rspack', ['build', '-c', 'imported.config.js', '--output-path']],
  ['rsbuild', 'node_modules/.bin/rsbuild', ['build', '-c', 'imported.config.js', '--dist-path']],
])(`the example of imported files in %s, ${lane}`, (name, command, before) => {
  const root = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const cache = join(root, 'node_modules/.cache');
  let outDir: string;
  let output: string;

  beforeAll(() => {
    mkdirSync(cache, { recursive: true });
    outDir = join(mkdtempSync(join(cache, 'imported-')), 'dist');
    output = execFileSync(resolve(root, command), [...before, outDir], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  });

  afterAll(() => {
    if (outDir) rmSync(join(outDir, '..'), { recursive: true });
  });

  test('has the files of the packages, the page and the bundle', () => {
    expect(output).toBeDefined();
    const built = readdirSync(outDir, { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    );
    expect(built.filter(({ name }) => name.endsWith('.wasm'))).toHaveLength(3);
    expect(built).toHaveLength(5);
  });

  test('in Chromium every module compiles', async () => {
    const server = await serve(outDir);
    const browser = await openBrowser();
    const complaints: string[] = [];
    try {
      const page = await browser.newPage();
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.locator('body[data-status="done"]').waitFor({ timeout: 100_000 });
      for (const [each, file] of Object.entries(files)) {
        const item = page.locator(`[data-package="${each}"]`);
        expect(await item.getAttribute('data-status'), (await item.textContent()) ?? '').toBe('ok');
        const path = decodeURIComponent((await item.getAttribute('data-path'))!).slice(1);
        expect(readFileSync(join(outDir, path)).equals(readFileSync(join(common, file))), path).toBe(true);
      }
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
      server.closeAllConnections();
      server.close();
    }
  });
});
