import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BuildFailure, BuildOptions, Metafile, OnEndResult, Plugin } from 'esbuild';
import type { CopyReport } from 'fs-reflink';
import unified from 'unplugin-reflink';
import reflink from 'unplugin-reflink/esbuild';
import { expect, test } from 'vitest';
import {
  type AssetHost,
  type AssetOutcome,
  describeAssets,
  standInsBelow,
} from '../hosts/describe-assets.ts';
import { makeProject } from '../hosts/project.ts';
import { readTree, type TreeSpec } from '../support/trees.ts';
import { withContext } from './contexts.ts';
import { type Bundler, buildOptions, collectStderr, describeEsbuilds, talkative } from './hosts.ts';

const KIB = 1024;
const big = () => randomBytes(256 * KIB);
const loader = { '.bin': 'file', '.mp4': 'file', '.png': 'file', '.wasm': 'copy' } as const;

/** Wraps the plugin: calls `act` when esbuild has written its files, before the plugin's `onEnd`. */
function after(plugin: Plugin, act: (() => void) | undefined): Plugin {
  const setup: Plugin['setup'] = (build) =>
    plugin.setup({
      ...build,
      onEnd: (callback) =>
        build.onEnd((result) => {
          act?.();
          return callback(result) as Promise<OnEndResult>;
        }),
    });
  return { name: plugin.name, setup };
}

function assetHost({ name, esbuild }: Bundler): AssetHost {
  return {
    name,
    isNative: true,
    overwrites: true,
    hasNoBundle: true,
    async build({ root, options, meanwhile, write = true, names = 'assets/[name]-[hash][extname]' }) {
      const outDir = join(root, 'dist');
      const outcome: AssetOutcome = { outDir, warnings: [], errors: [], log: [], contents: {} };
      const stderr = collectStderr();
      try {
        const plugins = [after(reflink(options), meanwhile), talkative];
        const assetNames = names.replace('[extname]', '');
        const given: BuildOptions = {
          ...buildOptions(root, plugins),
          format: 'esm',
          loader,
          assetNames,
          write,
        };
        const { warnings, outputFiles = [] } = await esbuild.build(given);
        outcome.warnings.push(...warnings.map(({ text }) => text));
        for (const { path, contents } of outputFiles) outcome.contents[path] = contents;
      } catch (error) {
        outcome.errors.push(...(error as BuildFailure).errors.map(({ text }) => text));
      } finally {
        stderr.restore();
      }
      outcome.log.push(...stderr.lines());
      return outcome;
    },
  };
}

const hashOf = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

describeEsbuilds((bundler) => {
  describeAssets(assetHost(bundler));

  const { esbuild } = bundler;
  const tree = (): TreeSpec => ({
    'main.js': "import url from './big.bin';\nexport default url;\n",
    'big.bin': big(),
  });

  async function build(files: TreeSpec, options: BuildOptions = {}, plugins: Plugin[] = []) {
    const root = makeProject(files);
    const reports: CopyReport[] = [];
    const ours = reflink({ assets: true, report: (each) => void reports.push(each) });
    const given: BuildOptions = {
      ...buildOptions(root, [ours, ...plugins]),
      format: 'esm',
      loader,
      ...options,
    };
    const { warnings, metafile } = await esbuild.build(given);
    const outDir = join(root, 'dist');
    const copiesOf = (file: string) => {
      const { sha256 } = readTree(root)[file] as { sha256: string };
      const found = Object.entries(readTree(outDir)).filter(([, each]) => each.sha256 === sha256);
      return found.map(([name]) => name);
    };
    const text = (name: string) => readFileSync(join(outDir, name), 'utf8');
    return { root, reports, warnings, metafile: metafile as Metafile, copiesOf, text };
  }

  test.each<[string, BuildOptions, RegExp, (name: string) => string]>([
    [
      'assetNames',
      { assetNames: 'media/[ext]/[name].[hash]' },
      /^media\/bin\/big\.\w{8}\.bin$/,
      (name) => `./${name}`,
    ],
    [
      'publicPath',
      { publicPath: 'https://cdn.test/x' },
      /^big-\w{8}\.bin$/,
      (name) => `https://cdn.test/x/${name}`,
    ],
    [
      'entries in a directory',
      { entryPoints: ['main.js'], entryNames: 'js/bundle', assetNames: 'a/[name]-[hash]' },
      /^a\/big-\w{8}\.bin$/,
      (name) => `../${name}`,
    ],
  ])('%s names the file, and the URL', async (_what, options, pattern, urlOf) => {
    const { copiesOf, text, reports } = await build(tree(), options);
    const [name, ...others] = copiesOf('big.bin');
    expect(name).toMatch(pattern);
    expect(others).toEqual([]);
    const bundle = options.entryNames ? 'js/bundle.js' : 'bundle.js';
    expect(text(bundle)).toContain(`"${urlOf(name!)}"`);
    expect(reports).toMatchObject([{ files: 1, bytes: 256 * KIB }]);
  });

  test('url() of a style names the file, with what follows its path', async () => {
    const { copiesOf, text, reports } = await build(
      { 'main.css': ".a { src: url('./big.bin?#iefix'); }", 'big.bin': big() },
      { entryPoints: ['main.css'], metafile: true },
    );
    const [name] = copiesOf('big.bin');
    expect(text('main.css')).toContain(`${name}?#iefix`);
    expect(reports).toMatchObject([{ files: 1 }]);
  });

  test('the loader "copy" has it, imported and as an entry', async () => {
    const { copiesOf, text } = await build(
      {
        'main.js': "import url from './a.wasm';\nexport default url;\n",
        'a.wasm': big(),
        'sub/b.wasm': big(),
      },
      { entryPoints: ['main.js', 'sub/b.wasm'], entryNames: '[dir]/[name]' },
    );
    const [name] = copiesOf('a.wasm');
    expect(name).toMatch(/^a-\w{8}\.wasm$/);
    expect(text('main.js')).toContain(`./${name}`);
    expect(copiesOf('sub/b.wasm')).toEqual(['sub/b.wasm']);
  });

  test('the metafile has the sizes of the files', async () => {
    const { metafile, copiesOf } = await build(tree(), { metafile: true });
    const size = 256 * KIB;
    expect(metafile.outputs[`dist/${copiesOf('big.bin')[0]}`]).toMatchObject({
      bytes: size,
      inputs: { 'big.bin': { bytesInOutput: size } },
    });
    expect(metafile.inputs['big.bin']).toMatchObject({ bytes: size });
    expect(metafile.outputs['dist/bundle.js']!.bytes).toBeLessThan(KIB);
  });

  test('a plugin that looks at the output when the build ends finds the content', async () => {
    const found: string[] = [];
    const looks: Plugin = {
      name: 'looks',
      setup: ({ onEnd, initialOptions }) =>
        onEnd(() => {
          const directory = join(initialOptions.absWorkingDir!, 'dist');
          const name = readdirSync(directory).find((each) => each.endsWith('.bin'))!;
          found.push(hashOf(readFileSync(join(directory, name))));
        }),
    };
    const { root } = await build(tree(), {}, [looks]);
    expect(found).toEqual([hashOf(readFileSync(join(root, 'big.bin')))]);
  });

  test('behind a plugin that might find a stand-in, files are left to esbuild, with a warning', async () => {
    const root = makeProject(tree());
    const other: Plugin = { name: 'other', setup: () => {} };
    const options = reflink({ assets: true });
    const given = { ...buildOptions(root, [other, options]), loader };
    const { warnings } = await esbuild.build(given);
    expect(warnings.map(({ text }) => text)).toEqual([
      expect.stringContaining('Let this plugin be the first'),
    ]);
    expect(Object.values(readTree(join(root, 'dist'))).map(({ sha256 }) => sha256)).toContain(
      hashOf(readFileSync(join(root, 'big.bin'))),
    );
  });

  test('the plugin of all bundlers has the option, too', async () => {
    const root = makeProject(tree());
    const reports: CopyReport[] = [];
    const plugin = unified.esbuild({ assets: true, report: (each) => void reports.push(each) });
    const { warnings } = await esbuild.build({ ...buildOptions(root, [plugin]), loader });
    expect(warnings).toEqual([]);
    expect(reports).toMatchObject([{ files: 1 }]);
  });

  test('the same options are those of several builds', async () => {
    const root = makeProject(tree());
    const reports: CopyReport[] = [];
    const plugins = [reflink({ assets: true, report: (each) => void reports.push(each) })];
    const given = { ...buildOptions(root, plugins), loader };
    for (const _number of [1, 2]) expect(await esbuild.build(given)).toMatchObject({ warnings: [] });
    expect(reports).toMatchObject([{ files: 1 }, { files: 1 }]);
  });

  test('a context has all files from esbuild, and serves them', async () => {
    const root = makeProject(tree());
    const served = async (context: Awaited<ReturnType<typeof esbuild.context>>) => {
      const { host, hosts, port } = (await context.serve({ port: 0 })) as {
        host: string;
        hosts?: string[];
        port: number;
      };
      const address = (hosts?.[0] ?? host).replace('0.0.0.0', '127.0.0.1');
      const get = async (name: string) => (await fetch(`http://${address}:${port}/${name}`)).arrayBuffer();
      const [, name] = /\.\/(big-\w+\.bin)/.exec(Buffer.from(await get('bundle.js')).toString())!;
      return new Uint8Array(await get(name!));
    };
    await withContext(
      bundler,
      root,
      { assets: true },
      async ({ context, reports }) => {
        expect(hashOf(await served(context))).toBe(hashOf(readFileSync(join(root, 'big.bin'))));
        expect(reports).toEqual([]);
      },
      { loader },
    );
  });

  test('a context after a build deletes what the engine has copied', async () => {
    const root = makeProject(tree());
    const plugins = [reflink({ assets: true, report: false })];
    await esbuild.build({ ...buildOptions(root, plugins), loader });
    const [before] = readdirSync(join(root, 'dist')).filter((name) => name.endsWith('.bin'));
    await withContext(
      bundler,
      root,
      { assets: true },
      async ({ context }) => {
        expect(await context.rebuild()).toMatchObject({ errors: [], warnings: [] });
      },
      { loader },
    );
    const after = readdirSync(join(root, 'dist')).filter((name) => name.endsWith('.bin'));
    expect(after).toHaveLength(1);
    expect(after).not.toEqual([before]);
  });

  test('a build that fails leaves no stand-in', async () => {
    const root = makeProject(tree());
    const plugin = after(reflink({ assets: true }), () => rmSync(join(root, 'big.bin')));
    await expect(esbuild.build({ ...buildOptions(root, [plugin]), loader })).rejects.toThrow(/big\.bin/);
    expect(standInsBelow(root)).toEqual([]);
  });

  test.each([false, true])(
    'the build after one that was killed repairs the output, changed: %s',
    async (changed) => {
      const root = makeProject(tree());
      const child = join(import.meta.dirname, 'killed-assets.js');
      const { signal, stderr } = spawnSync(
        process.execPath,
        [child, JSON.stringify({ id: bundler.package, root })],
        { cwd: root, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
      );
      expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
      const [standIn, ...others] = standInsBelow(root);
      expect(others).toEqual([]);
      expect(basename(standIn!)).toMatch(/^big-\w{8}\.bin$/);

      if (changed) writeFileSync(join(root, 'big.bin'), big());
      await esbuild.build({ ...buildOptions(root, [reflink({ assets: true, report: false })]), loader });
      expect(standInsBelow(root)).toEqual([]);
      expect(existsSync(join(root, standIn!))).toBe(!changed);
      const content = hashOf(readFileSync(join(root, 'big.bin')));
      const built = Object.entries(readTree(join(root, 'dist'))).filter(([name]) => name.endsWith('.bin'));
      expect(built).toEqual([[expect.any(String), expect.objectContaining({ sha256: content })]]);
      const notes = readdirSync(join(root, 'node_modules/.cache/unplugin-reflink'));
      expect(notes.filter((name) => name.includes('stand-ins'))).toEqual([]);
    },
  );
});
