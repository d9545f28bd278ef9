import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { createRsbuild } from '@rsbuild/core';
import { rspack } from '@rspack/core';
import esbuild from 'esbuild';
import type { CopyReport } from 'fs-reflink';
import type { Browser } from 'playwright-core';
import { rolldown } from 'rolldown';
import { rollup } from 'rollup';
import type { Options } from 'unplugin-reflink';
import reflinkEsbuild from 'unplugin-reflink/esbuild';
import reflinkRolldown from 'unplugin-reflink/rolldown';
import reflinkRollup from 'unplugin-reflink/rollup';
import reflinkRsbuild from 'unplugin-reflink/rsbuild';
import reflinkRspack from 'unplugin-reflink/rspack';
import reflinkVite from 'unplugin-reflink/vite';
import reflinkWebpack from 'unplugin-reflink/webpack';
import { build as buildVite } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import webpack from 'webpack';
import { standInsBelow } from '../hosts/describe-assets.ts';
import { makeProject } from '../hosts/project.ts';
import { run as runRspack } from '../rspack/hosts.ts';
import { readTree } from '../support/trees.ts';
import { run as runWebpack } from '../webpack/hosts.ts';
import { browserMissing, openBrowser } from './chromium.ts';

/** The ways in which a page names a file. */
type Way = 'import' | 'new URL()' | 'CSS' | 'HTML';

interface Build {
  root: string;
  options: Options;
  /** The path below which the page, its script and its style are served. */
  base: string;
}

interface Host {
  name: string;
  ways: Way[];
  /** The query of the path of an imported file. */
  query?: string;
  /** The files of the build that a page has to load. Undefined: the bundler builds the page. */
  page?: { script: string; style?: string };
  build(build: Build): Promise<unknown>;
}

/** Matches names with a hash. Rsbuild names `.wasm` files in its own way. */
const names = /^(?:assets\/|static\/\w+\/)?(?:[\w-]+[.-])?[\w-]{8,}(?:\.module)?\.\w+$/;
const files: Record<Way, string> = {
  import: 'model.bin',
  'new URL()': 'engine.wasm',
  CSS: 'letters.woff2',
  HTML: 'clip.mp4',
};
const FILE = /\.(bin|wasm|woff2)$/;

async function bundle(bundler: typeof rollup, plugin: unknown, { root }: Build): Promise<void> {
  const made = await bundler({ input: join(root, 'main.js'), plugins: [plugin as never] });
  await made.write({ dir: join(root, 'dist'), assetFileNames: 'assets/[name]-[hash][extname]' });
  await made.close();
}

const compilerConfig = ({ root, base }: Build) =>
  ({
    context: root,
    mode: 'production',
    entry: join(root, 'main.js'),
    performance: false,
    output: {
      path: join(root, 'dist'),
      publicPath: base === './' ? 'auto' : base,
      assetModuleFilename: 'assets/[name]-[contenthash:8][ext]',
    },
  }) as const;

const hosts: Host[] = [
  {
    name: 'Vite',
    ways: ['import', 'new URL()', 'CSS', 'HTML'],
    query: '?url',
    build: ({ root, options, base }) =>
      buildVite({ configFile: false, root, base, logLevel: 'silent', plugins: [reflinkVite(options)] }),
  },
  {
    name: 'Rollup',
    ways: ['import'],
    page: { script: 'main.js' },
    build: (build) => bundle(rollup, reflinkRollup(build.options), build),
  },
  {
    name: 'Rolldown',
    ways: ['import'],
    page: { script: 'main.js' },
    build: (build) => bundle(rolldown as never, reflinkRolldown(build.options), build),
  },
  {
    name: 'esbuild',
    ways: ['import', 'CSS'],
    page: { script: 'main.js', style: 'main.css' },
    build: ({ root, options, base }) =>
      esbuild.build({
        absWorkingDir: root,
        entryPoints: ['main.js'],
        bundle: true,
        format: 'esm',
        outdir: 'dist',
        logLevel: 'silent',
        loader: { '.bin': 'file', '.woff2': 'copy' },
        assetNames: 'assets/[name]-[hash]',
        ...(base !== './' && { publicPath: base }),
        plugins: [reflinkEsbuild(options)],
      }),
  },
  {
    name: 'webpack',
    ways: ['import', 'new URL()', 'CSS'],
    page: { script: 'main.js', style: 'main.css' },
    build: async (build) => {
      const compiler = webpack({
        ...compilerConfig(build),
        module: { rules: [{ test: FILE, type: 'asset/resource' }] },
        experiments: { css: true },
        plugins: [reflinkWebpack(build.options)],
      });
      expect((await runWebpack(compiler!)).errors).toEqual([]);
    },
  },
  {
    name: 'Rspack',
    ways: ['import', 'new URL()', 'CSS'],
    page: { script: 'main.js', style: 'main.css' },
    build: async (build) => {
      const compiler = rspack({
        ...compilerConfig(build),
        module: {
          rules: [
            { test: FILE, type: 'asset/resource' },
            { test: /\.css$/, type: 'css/auto' },
          ],
        },
        plugins: [reflinkRspack(build.options)],
      });
      expect((await runRspack(compiler)).errors).toEqual([]);
    },
  },
  {
    name: 'Rsbuild',
    ways: ['import', 'new URL()', 'CSS'],
    page: { script: 'main.js', style: 'main.css' },
    build: async ({ root, options, base }) => {
      const made = await createRsbuild({
        cwd: root,
        config: {
          mode: 'production',
          logLevel: 'silent',
          source: { entry: { main: join(root, 'main.js') } },
          output: {
            assetPrefix: base === './' ? 'auto' : base,
            filename: { js: '[name].js', css: '[name].css' },
            distPath: { js: '', css: '' },
            legalComments: 'none',
          },
          tools: {
            htmlPlugin: false,
            rspack: { module: { rules: [{ test: FILE, type: 'asset/resource' }] } },
          },
          plugins: [reflinkRsbuild(options)],
        },
      });
      await (await made.build()).close();
    },
  },
];

/** Writes the fetched contents into the page, by the way in which each file was named. */
const verify = `
const urls = { ...globalThis.urls };
for (const sheet of document.styleSheets)
  for (const { cssText } of sheet.cssRules) {
    const [, url] = /url\\("(.*?)"\\)/.exec(cssText) ?? [];
    if (url) urls.CSS = new URL(url, sheet.href ?? document.baseURI).href;
  }
const video = document.querySelector('video');
if (video) urls.HTML = video.src;
const found = {};
for (const [way, url] of Object.entries(urls)) {
  const response = await fetch(url);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.arrayBuffer()));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  found[way] = { status: response.status, path: new URL(url, document.baseURI).pathname, sha256 };
}
document.body.dataset.found = JSON.stringify(found);
`;

function projectOf({ ways, query = '', page }: Host): string {
  const lines = [
    ways.includes('CSS') && "import './main.css';",
    `import model from './model.bin${query}';`,
    'globalThis.urls = { import: model };',
    ways.includes('new URL()') &&
      "globalThis.urls['new URL()'] = new URL('./engine.wasm', import.meta.url).href;",
    !page && verify,
  ];
  return makeProject({
    'main.js': lines.filter(Boolean).join('\n'),
    'main.css': `.never { background-image: url('./letters.woff2'); }`,
    'index.html':
      '<!doctype html><body><video src="./clip.mp4" preload="none"></video><script type="module" src="./main.js"></script>',
    ...Object.fromEntries(Object.values(files).map((name) => [name, randomBytes(300_000)])),
  });
}

/** Serves the files of a directory below a path. */
async function serve(directory: string, base: string): Promise<http.Server> {
  const types: Record<string, string> = {
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.html': 'text/html',
  };
  const server = http.createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const file = pathname.startsWith(base)
      ? join(directory, decodeURIComponent(pathname.slice(base.length)))
      : '';
    if (!file || !statSync(file, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    return createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** `served` is the path of the output on the server. `base` is the option of the bundler. */
const places: { name: string; base: string; served: string }[] = [
  { name: 'at the root', base: '/', served: '/' },
  { name: 'in a directory', base: '/sub/', served: '/sub/' },
  { name: 'wherever it is', base: './', served: '/any/where/' },
];

const missing = browserMissing();
const lane = `in Chromium${missing ? ` (skipped: ${missing})` : ''}`;

describe.skipIf(missing)(`a page ${lane} finds imported files`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await openBrowser();
  });

  afterAll(() => browser?.close());

  const cases = hosts.flatMap((host) =>
    places.map((place) => ({ host, place, title: `${host.name}, ${place.name}` })),
  );

  test.each(cases)('of $title', async ({ host, place }) => {
    const root = projectOf(host);
    const reports: CopyReport[] = [];
    await host.build({
      root,
      options: { assets: true, report: (each) => void reports.push(each) },
      base: place.base,
    });
    const outDir = join(root, 'dist');
    if (host.page) {
      const { script, style } = host.page;
      const link = style ? `<link rel="stylesheet" href="${style}">` : '';
      const scripts = `<script type="module" src="${script}"></script><script type="module">${verify}</script>`;
      writeFileSync(join(outDir, 'index.html'), `<!doctype html><head>${link}</head><body>${scripts}`);
    }

    const server = await serve(outDir, place.served);
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${place.served}index.html`);
      await page
        .locator('body[data-found]')
        .waitFor({ timeout: 60_000, state: 'attached' })
        .catch(() => {});
      expect(complaints).toEqual([]);
      const found = JSON.parse((await page.locator('body').getAttribute('data-found')) ?? '{}');
      expect(Object.keys(found).sort()).toEqual([...host.ways].sort());
      const output = readTree(outDir);
      for (const way of host.ways) {
        const { status, path, sha256 } = found[way];
        const content = readFileSync(join(root, files[way]));
        expect({ status, sha256 }, way).toEqual({
          status: 200,
          sha256: createHash('sha256').update(content).digest('hex'),
        });
        expect(path.startsWith(place.served), path).toBe(true);
        const name = path.slice(place.served.length);
        expect(name).toMatch(names);
        expect(output[name]).toMatchObject({ type: 'file', size: content.length, sha256 });
      }
      expect(reports.reduce((sum, each) => sum + each.files, 0)).toBe(host.ways.length);
      expect(standInsBelow(root)).toEqual([]);
    } finally {
      await page.close();
      server.closeAllConnections();
      server.close();
    }
  });
});
