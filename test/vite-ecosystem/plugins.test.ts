import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { CopyReport } from 'fs-reflink';
import reflink from 'unplugin-reflink/vite';
import { build, type PluginOption } from 'vite';
import { compression } from 'vite-plugin-compression2';
import { ViteImageOptimizer } from 'vite-plugin-image-optimizer';
import { VitePWA } from 'vite-plugin-pwa';
import { expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { describeInLane } from '../support/optional-lanes.ts';
import { readTree, type TreeSpec } from '../support/trees.ts';
import { collectLog } from '../vite/support.ts';
import { makeProject } from './projects.ts';

const svg = (comment: string) => `<?xml version="1.0" encoding="UTF-8"?>
<!-- ${comment} -->
<svg xmlns="http://www.w3.org/2000/svg" width="10.000" height="10.000" viewBox="0 0 10 10">
  <g><g><rect   x="0.0000" y="0.0000" width="10.0000" height="10.0000" fill="#ff0000" /></g></g>
</svg>
`;

const tree: TreeSpec = {
  'package.json': '{ "type": "module" }',
  'index.html':
    '<!doctype html><html><head></head><body><script type="module" src="/main.js"></script></body></html>',
  'main.js': 'console.log("page");\n',
  'public/picture.svg': svg('public'),
  'public/text.txt': 'public text '.repeat(500),
  'assets/picture.svg': svg('target'),
  'assets/text.txt': 'target text '.repeat(500),
};

interface Outcome {
  report: CopyReport;
  read: (path: string) => Buffer;
}

async function run(root: string, others: PluginOption[], position: 'first' | 'last'): Promise<Outcome> {
  const reports: CopyReport[] = [];
  const ours = reflink({
    targets: [{ from: 'assets', to: 'x' }],
    report: (report) => void reports.push(report),
  });
  const log = collectLog();
  await build({
    configFile: false,
    root,
    customLogger: log,
    logLevel: 'silent',
    plugins: position === 'first' ? [ours, ...others] : [...others, ours],
  });
  expect({ warnings: log.warnings, errors: log.errors }).toEqual({ warnings: [], errors: [] });
  expect(reports).toHaveLength(1);
  return { report: reports[0]!, read: (path) => readFileSync(join(root, 'dist', path)) };
}

const ours = ['picture.svg', 'text.txt', 'x/picture.svg', 'x/text.txt'];
const md5 = (content: Buffer) => createHash('md5').update(content).digest('hex');

/** Expects that files were copied by a system call, whatever other plugins wrote later. */
function expectCopied({ report }: Outcome): void {
  expect(report.files).toBe(4);
  for (const method of Object.keys(report.methods)) {
    expect(['ficlone', 'copy_file_range', 'read_write']).toContain(method);
  }
}

for (const position of ['first', 'last'] as const)
  describeInLane('frameworks', `our plugin comes ${position}:`, () => {
    test('vite-plugin-pwa lists all that is copied, as it is', async () => {
      const root = makeProject(tree);
      const pwa = VitePWA({
        registerType: 'autoUpdate',
        workbox: {
          globPatterns: ['**/*.{js,html,svg,txt}'],
          mode: 'development',
          sourcemap: false,
          inlineWorkboxRuntime: true,
        },
        manifest: { name: 'page', icons: [] },
      });
      const outcome = await run(root, [pwa], position);
      expectCopied(outcome);
      const worker = outcome.read('sw.js').toString();
      const listed = [...worker.matchAll(/"url": "([^"]+)",\s+"revision": "(\w+)"/g)];
      const revisions = Object.fromEntries(listed.map(([, url, revision]) => [url, revision]));
      for (const path of ours) expect(revisions[path], path).toBe(md5(outcome.read(path)));
    });

    test('vite-plugin-compression2 compresses the public files', async () => {
      const root = makeProject(tree);
      const outcome = await run(root, [compression({ threshold: 0, include: /\.(txt|svg|js)$/ })], position);
      expectCopied(outcome);
      for (const path of ['text.txt', 'picture.svg']) {
        expect(gunzipSync(outcome.read(`${path}.gz`))).toEqual(readFileSync(join(root, 'public', path)));
      }
    });

    test('vite-plugin-image-optimizer rewrites the output, and no source', async () => {
      const root = makeProject(tree);
      const sources = () => [readTree(join(root, 'public')), readTree(join(root, 'assets'))];
      const before = sources();
      await pastTick();
      const optimize = () =>
        ViteImageOptimizer({ logStats: false, test: /\.svg$/, svg: { multipass: true } });
      const outcome = await run(root, [optimize()], position);
      expectCopied(outcome);
      const optimized = outcome.read('picture.svg').toString();
      expect(optimized).toMatch(/^<svg/);
      expect(optimized.length).toBeLessThan(svg('public').length / 2);
      expect(sources()).toEqual(before);
      // The file that the other plugin changed is copied again, and changed again. All others are unchanged.
      const again = await run(root, [optimize()], position);
      expect(again.read('picture.svg').toString()).toBe(optimized);
      expect(again.report.unchanged).toBeGreaterThanOrEqual(2);
      expect(sources()).toEqual(before);
    });
  });
