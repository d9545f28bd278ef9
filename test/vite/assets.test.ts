import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import reflink from 'unplugin-reflink/vite';
import type { InlineConfig, Plugin, Rollup } from 'vite';
import { expect, test } from 'vitest';
import {
  type AssetHost,
  type AssetOutcome,
  describeAssets,
  filesRead,
  type Meddling,
} from '../hosts/describe-assets.ts';
import { makeProject } from '../hosts/project.ts';
import { readTree, type TreeSpec } from '../support/trees.ts';
import { collectLog, describeVites, type Host, type Options } from './support.ts';

const KIB = 1024;
const big = () => randomBytes(256 * KIB);

function meddling(name: string, order: 'pre' | 'post', meddle: Meddling | undefined): Plugin {
  const handler = (_output: unknown, bundle: unknown) => meddle?.(bundle as never);
  return { name, generateBundle: { order, handler } };
}

function assetHost({ name, vite }: Host): AssetHost {
  return {
    name,
    query: '?url',
    async build({ root, options, meddle, meanwhile, write = true, names = 'assets/[name]-[hash][extname]' }) {
      const log = collectLog();
      const outcome: AssetOutcome = {
        outDir: join(root, 'dist'),
        warnings: log.warnings,
        errors: [],
        log: log.infos,
        contents: {},
      };
      const before: Meddling = (bundle) => {
        meanwhile?.();
        meddle?.(bundle);
      };
      try {
        const result = (await vite.build({
          configFile: false,
          root,
          customLogger: log,
          logLevel: 'silent',
          plugins: [meddling('before', 'pre', before), reflink(options), meddling('after', 'post', meddle)],
          build: {
            write,
            assetsInlineLimit: 0,
            rollupOptions: {
              input: join(root, 'main.js'),
              preserveEntrySignatures: 'strict',
              output: { entryFileNames: 'bundle.js', assetFileNames: names },
            },
          },
        })) as Rollup.RollupOutput;
        if (!write)
          for (const each of result.output)
            if (each.type === 'asset') outcome.contents[each.fileName] = each.source;
      } catch (error) {
        outcome.errors.push((error as Error).message);
      }
      return outcome;
    },
  };
}

describeVites((host) => {
  describeAssets(assetHost(host));

  /** Builds a page with the option. Returns what was copied, and what the output contains. */
  async function build(tree: TreeSpec, { build, ...config }: InlineConfig = {}, options: Options = {}) {
    const root = makeProject({ 'index.html': '<script type="module" src="/main.js"></script>', ...tree });
    const reports: CopyReport[] = [];
    const log = collectLog();
    const read = filesRead();
    await host.vite.build({
      configFile: false,
      root,
      customLogger: log,
      logLevel: 'silent',
      plugins: [reflink({ assets: true, report: (each) => void reports.push(each), ...options })],
      ...config,
      build: { ...build },
    });
    const outDir = join(root, build?.outDir ?? 'dist');
    const output = readTree(outDir);
    const textOf = (end: string) =>
      Object.keys(output)
        .filter((name) => name.endsWith(end))
        .map((name) => readFileSync(join(outDir, name), 'utf8'))
        .join('\n');
    const copiesOf = (file: string) => {
      const { sha256 } = readTree(root)[file] as { sha256: string };
      return Object.entries(output).flatMap(([name, each]) => (each.sha256 === sha256 ? [name] : []));
    };
    return { root, outDir, reports, log, read, output, textOf, copiesOf };
  }

  test.each([
    ["import url from './a.mp4'", 'a.mp4', []],
    ["import url from './a.mp4?url'", 'a.mp4', []],
    ["import url from './a.mp4?no-inline'", 'a.mp4', []],
    ["import url from './a.mp4?url&no-inline'", 'a.mp4', []],
    ["const url = new URL('./a.wasm', import.meta.url).href", 'a.wasm', []],
    ['const url = new URL("./sub/../a.wasm", import.meta.url).href', 'a.wasm', []],
  ])('%s', async (code, file, expectedRead) => {
    const { reports, read, textOf, copiesOf, log } = await build({
      'main.js': `${code};\nconsole.log(url);\n`,
      [file]: big(),
    });
    expect(read.filter((name) => name === file)).toEqual(expectedRead);
    const [name, ...others] = copiesOf(file);
    expect(name).toMatch(/^assets\/a-[\w-]{8}\.\w+$/);
    expect(others).toEqual([]);
    expect(textOf('.js')).toContain(`/${name}`);
    expect(reports).toMatchObject([{ files: 1, bytes: 256 * KIB }]);
    expect(log.warnings).toEqual([]);
  });

  test.each([
    ['of HTML', { 'index.html': '<video src="./a.mp4"></video>', 'a.mp4': big() }, 'a.mp4', '.html'],
    [
      'of CSS',
      {
        'main.js': "import './main.css';",
        'main.css': "@font-face { font-family: a; src: url('./a.woff2'); }",
        'a.woff2': big(),
      },
      'a.woff2',
      '.css',
    ],
  ])('a file %s is read by Vite, and copied by the engine', async (_what, tree, file, end) => {
    const { reports, read, textOf, copiesOf } = await build(tree as TreeSpec);
    expect(read.filter((name) => name === file)).toEqual([file]);
    const [name, ...others] = copiesOf(file);
    expect(others).toEqual([]);
    expect(textOf(end)).toContain(`/${name}`);
    expect(reports).toMatchObject([{ files: 1, bytes: 256 * KIB }]);
  });

  test('a script in HTML imports files as a module does', async () => {
    const script = "console.log(new URL('./a.wasm', import.meta.url).href)";
    const { read, copiesOf, textOf, log } = await build({
      'index.html': `<script type="module">${script}</script>`,
      'a.wasm': big(),
    });
    expect(read.filter((name) => name === 'a.wasm')).toEqual([]);
    expect(textOf('.js')).toContain(`/${copiesOf('a.wasm')[0]}`);
    expect(log.warnings).toEqual([]);
  });

  const imports =
    "import url from './a.mp4';\nimport other from './b.mp4?url';\nconsole.log(url, other, new URL('./c.wasm', import.meta.url).href);\n";
  const three = () => ({ 'main.js': imports, 'a.mp4': big(), 'b.mp4': big(), 'c.wasm': big() });

  test.each<[string, InlineConfig, (name: string) => string]>([
    ["base: '/'", { base: '/' }, (name) => `"/${name}"`],
    ["base: '/sub/'", { base: '/sub/' }, (name) => `"/sub/${name}"`],
    ["base: './'", { base: './' }, (name) => `new URL("${name.replace('assets/', '')}"`],
    ['a base with a host', { base: 'https://cdn.test/' }, (name) => `"https://cdn.test/${name}"`],
    [
      'renderBuiltUrl',
      { experimental: { renderBuiltUrl: (name) => `https://built.test/${name}` } },
      (name) => `"https://built.test/${name}"`,
    ],
  ])('%s', async (_what, config, urlOf) => {
    const { textOf, copiesOf, reports } = await build(three(), config);
    expect(reports).toMatchObject([{ files: 3 }]);
    const text = textOf('.js').replaceAll(/[`']/g, '"');
    for (const file of ['a.mp4', 'b.mp4', 'c.wasm']) expect(text).toContain(urlOf(copiesOf(file)[0]!));
  });

  test('the manifest names them', async () => {
    const { outDir, copiesOf } = await build(three(), { build: { manifest: true } });
    const manifest = JSON.parse(readFileSync(join(outDir, '.vite/manifest.json'), 'utf8'));
    for (const file of ['a.mp4', 'b.mp4', 'c.wasm']) {
      const [name] = copiesOf(file);
      expect(manifest[file]).toMatchObject({ file: name, src: file });
      expect(manifest['index.html'].assets).toContain(name);
    }
  });

  test('a build for a server copies nothing, and names what the client has', async () => {
    const tree = { 'main.js': "import url from './a.mp4';\nconsole.log(url);\n", 'a.mp4': big() };
    const { copiesOf } = await build(tree);
    const server = await build(tree, { build: { ssr: 'main.js', outDir: 'server' } });
    expect(Object.keys(server.output)).toEqual(['main.js']);
    expect(server.copiesOf('a.mp4')).toEqual([]);
    expect(server.textOf('.js')).toContain(`/${copiesOf('a.mp4')[0]}`);
    expect(server.reports).toEqual([]);
    expect(server.read.filter((name) => name === 'a.mp4')).toEqual([]);
  });

  test('every environment that writes assets has them, under one name', async () => {
    const root = makeProject({
      'index.html': '<script type="module" src="/main.js"></script>',
      ...three(),
      'server.js': "import url from './a.mp4';\nexport default url;\n",
    });
    const outDirs: string[] = [];
    const builder = await host.vite.createBuilder({
      configFile: false,
      root,
      logLevel: 'silent',
      plugins: [
        reflink({ assets: true, report: (_report, outDir) => void outDirs.push(relative(root, outDir)) }),
      ],
      environments: {
        client: { build: { outDir: 'dist/client' } },
        ssr: {
          build: {
            outDir: 'dist/server',
            emitAssets: true,
            rollupOptions: { input: join(root, 'server.js') },
          },
        },
      },
      builder: {
        async buildApp({ environments, build }) {
          for (const each of Object.values(environments)) await build(each);
        },
      },
    });
    await builder.buildApp();
    const output = readTree(join(root, 'dist'));
    const namesOf = (directory: string) =>
      Object.keys(output).flatMap((name) =>
        name.startsWith(directory) && name.endsWith('.mp4') ? [basename(name)] : [],
      );
    const [name] = namesOf('server/');
    expect(namesOf('server/')).toHaveLength(1);
    expect(namesOf('client/')).toContain(name);
    expect(outDirs.sort()).toEqual(['dist/client', 'dist/server']);
  });

  test('where the environment is not among those that are copied into, Vite writes the content', async () => {
    const { copiesOf, reports } = await build(three(), {}, { vite: { environments: [] } });
    expect(reports).toEqual([]);
    for (const file of ['a.mp4', 'b.mp4', 'c.wasm']) expect(copiesOf(file)).toHaveLength(1);
  });

  test.each<[string, TreeSpec, InlineConfig]>([
    ['below assetsInlineLimit', three(), { build: { assetsInlineLimit: 300 * KIB } }],
    [
      'with ?inline',
      { 'main.js': "import url from './a.mp4?inline';\nconsole.log(url);\n", 'a.mp4': big() },
      {},
    ],
    [
      'with ?raw',
      { 'main.js': "import url from './a.mp4?raw';\nconsole.log(url);\n", 'a.mp4': 'a'.repeat(256 * KIB) },
      {},
    ],
  ])('what Vite puts into a module stays there: %s', async (_what, tree, config) => {
    const { output, reports, textOf } = await build(tree, config);
    expect(Object.keys(output).filter((name) => /\.(mp4|wasm)$/.test(name))).toEqual([]);
    expect(textOf('.js').length).toBeGreaterThan(256 * KIB);
    expect(reports).toMatchObject([{ files: 0 }]);
  });

  test.each(['Worker', 'SharedWorker'])('the script of a %s is built by Vite', async (name) => {
    const { reports, log } = await build(
      {
        'main.js': `new ${name}(new URL('./work.js', import.meta.url), { type: 'module' });\n`,
        'work.js': 'console.log("works");\n',
      },
      {},
      { assets: { include: '**/*', minSize: 0 } },
    );
    expect(reports).toMatchObject([{ files: 0 }]);
    expect(log.warnings).toEqual([]);
  });

  test('a module of deep expressions', async () => {
    const sum = Array.from({ length: 500 }, () => '"a"').join('+');
    const main = `console.log(${sum}, new URL('./a.wasm', import.meta.url).href);\n`;
    const { reports } = await build({ 'main.js': main, 'a.wasm': big() });
    expect(reports).toMatchObject([{ files: 1 }]);
  });

  test('a library has in it what Vite puts there', async () => {
    const lib = { entry: 'main.js', formats: ['es' as const], fileName: 'lib' };
    const { reports, textOf } = await build(three(), { build: { lib } });
    expect(textOf('.js').length).toBeGreaterThan(2 * 256 * KIB);
    expect(reports.reduce((sum, { files }) => sum + files, 0)).toBe(0);
  });

  test('a function as assetsInlineLimit gets the content', async () => {
    const sizes: number[] = [];
    const assetsInlineLimit = (_file: string, content: Buffer) => {
      sizes.push(content.length);
      return false;
    };
    const { reports } = await build(three(), { build: { assetsInlineLimit } });
    expect(sizes).toEqual([256 * KIB, 256 * KIB, 256 * KIB]);
    // The engine compares the files with what Vite has read, and still copies them.
    expect(reports).toMatchObject([{ files: 3 }]);
  });

  test.each([
    ['/* @vite-ignore */', "new URL(/* @vite-ignore */ './a.wasm', import.meta.url)"],
    ['a comment', "0 // new URL('./a.wasm', import.meta.url)"],
    ['a string', '"new URL(\'./a.wasm\', import.meta.url)"'],
  ])('no file is imported by %s', async (_what, code) => {
    const { copiesOf, log } = await build({ 'main.js': `console.log(${code}\n);\n`, 'a.wasm': big() });
    expect(copiesOf('a.wasm')).toEqual([]);
    expect(log.warnings).toEqual([]);
  });

  test('lines and columns of a module stay what they were', async () => {
    const main = "const url = new URL('./a.wasm', import.meta.url); throw new Error(url.href);\n";
    const { outDir, output } = await build(
      { 'main.js': main, 'a.wasm': big() },
      { build: { sourcemap: true, minify: false, modulePreload: { polyfill: false } } },
    );
    const name = Object.keys(output).find((each) => each.endsWith('.js.map'))!;
    const map = JSON.parse(readFileSync(join(outDir, name), 'utf8'));
    expect(map.sourcesContent).toContain(main);
    const js = name.replace(/\.map$/, '');
    let stack = '';
    try {
      const flags = ['--enable-source-maps', '--input-type=module'];
      execFileSync(process.execPath, [...flags, '-e', `await import(${JSON.stringify(join(outDir, js))})`], {
        stdio: 'pipe',
      });
    } catch (error) {
      stack = String((error as { stderr: Buffer }).stderr);
    }
    expect(stack).toMatch(new RegExp(`main\\.js:1:${main.indexOf('new Error') + 1}`));
  });

  test.each(['generateBundle', 'writeBundle'])(
    'a build that is killed in %s leaves no stand-in',
    async (hook) => {
      const root = makeProject({
        'index.html': '<script type="module" src="/main.js"></script>',
        ...three(),
      });
      const child = join(import.meta.dirname, 'killed-assets.js');
      const given = JSON.stringify({ id: host.id, root, hook });
      const { signal } = spawnSync(process.execPath, [child, given], {
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      expect(signal).toBe('SIGKILL');
      const standIns = Object.entries(readTree(root)).filter(
        ([name, { type }]) =>
          type === 'file' && readFileSync(join(root, name)).includes('unplugin-reflink stands in for'),
      );
      expect(standIns).toEqual([]);
      await host.vite.build({
        configFile: false,
        root,
        logLevel: 'silent',
        plugins: [reflink({ assets: true, report: false })],
      });
      const hashes = Object.values(readTree(join(root, 'dist'))).map(({ sha256 }) => sha256);
      for (const file of ['a.mp4', 'b.mp4', 'c.wasm'])
        expect(hashes.filter((each) => each === readTree(root)[file]!.sha256)).toHaveLength(1);
    },
  );

  test('a file of the public directory is public', async () => {
    const main = "import url from '/a.mp4';\nimport other from './public/a.mp4';\nconsole.log(url, other);\n";
    const { output, reports, outDir } = await build({ 'main.js': main, 'public/a.mp4': big() });
    expect(Object.keys(output)).toContain('a.mp4');
    expect(statSync(join(outDir, 'a.mp4')).size).toBe(256 * KIB);
    expect(reports).toHaveLength(1);
  });

  test('each of several outputs gets its assets', async () => {
    const { copiesOf } = await build(three(), {
      build: {
        rollupOptions: {
          output: [
            { dir: 'dist', assetFileNames: 'one/[name][extname]' },
            { dir: 'dist/inner', assetFileNames: 'two/[name][extname]' },
          ],
        },
      },
    });
    for (const file of ['a.mp4', 'b.mp4', 'c.wasm'])
      expect(copiesOf(file)).toEqual([`inner/two/${file}`, `one/${file}`]);
  });

  test('a plugin of the output finds the contents', async () => {
    const found: Record<string, number> = {};
    const meddling: Rollup.Plugin = {
      name: 'of the output',
      generateBundle(_output, bundle) {
        for (const each of Object.values(bundle))
          if (each.type === 'asset') found[basename(each.originalFileNames[0] ?? '')] = each.source.length;
      },
    };
    await build(three(), { build: { rollupOptions: { output: { plugins: [meddling] } } } });
    expect(found).toMatchObject({ 'a.mp4': 256 * KIB, 'b.mp4': 256 * KIB, 'c.wasm': 256 * KIB });
  });

  test('the one report counts those of all outputs of a directory', async () => {
    const output = ['one', 'two'].map((name) => ({
      entryFileNames: `${name}.js`,
      assetFileNames: `${name}/[name][extname]`,
    }));
    const { reports } = await build(three(), { build: { rollupOptions: { output } } });
    expect(reports).toMatchObject([{ files: 6 }]);
  });

  test('several instances with one and the same option copy them once', async () => {
    const { reports, copiesOf } = await build(three(), {
      plugins: [reflink({ assets: true, report: false }), reflink({ assets: true, report: false })],
    });
    expect(reports).toEqual([]);
    for (const file of ['a.mp4', 'b.mp4', 'c.wasm']) expect(copiesOf(file)).toHaveLength(1);
    const different = [reflink({ assets: true }), reflink({})];
    await expect(build(three(), { plugins: different })).rejects.toThrow(
      'several instances have different options "assets"',
    );
  });
});
