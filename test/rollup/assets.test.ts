import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CopyReport } from 'fs-reflink';
import type { OutputBundle, Plugin } from 'rollup';
import { expect, test } from 'vitest';
import {
  type AssetHost,
  type AssetOutcome,
  describeAssets,
  type Meddling,
  standInsBelow,
} from '../hosts/describe-assets.ts';
import { makeProject } from '../hosts/project.ts';
import { describeInLane } from '../support/optional-lanes.ts';
import { readTree } from '../support/trees.ts';
import { type Bundler, bundlers, describeBundlers, inDirectory, logInto } from './hosts.ts';

/** A plugin like `@rollup/plugin-url`, which reads the files that the engine does not copy. */
const url: Plugin = {
  name: 'url',
  load(id) {
    if (!/\.(bin|mp4|png)$/.test(id)) return undefined;
    const reference = this.emitFile({ type: 'asset', name: basename(id), source: readFileSync(id) });
    return {
      code: `export default import.meta.ROLLUP_FILE_URL_${reference};`,
      ...('rolldownVersion' in this.meta && { moduleType: 'js' }),
    };
  },
};

function meddling(name: string, order: 'pre' | 'post', meddle: Meddling | undefined): Plugin {
  const handler = (_output: unknown, bundle: OutputBundle) => meddle?.(bundle as never);
  return { name, generateBundle: { order, handler } };
}

function assetHost({ name, bundler, plugin }: Bundler): AssetHost {
  return {
    name,
    async build({ root, options, meddle, meanwhile, write = true, names = 'assets/[name]-[hash][extname]' }) {
      const outcome: AssetOutcome = {
        outDir: join(root, 'dist'),
        warnings: [],
        errors: [],
        log: [],
        contents: {},
      };
      const before: Meddling = (bundle) => {
        meanwhile?.();
        meddle?.(bundle);
      };
      await inDirectory(root, async () => {
        const plugins = [
          meddling('before', 'pre', before),
          plugin(options),
          url,
          meddling('after', 'post', meddle),
        ];
        try {
          const bundle = await bundler.rollup({
            input: join(root, 'main.js'),
            plugins,
            onLog: logInto(outcome),
          });
          const output = { dir: 'dist', entryFileNames: 'bundle.js', assetFileNames: names };
          try {
            if (write) await bundle.write(output);
            else
              for (const each of (await bundle.generate(output)).output)
                if (each.type === 'asset') outcome.contents[each.fileName] = each.source;
          } finally {
            await bundle.close();
          }
        } catch (error) {
          outcome.errors.push(String((error as Error).message));
        }
      });
      return outcome;
    },
  };
}

const [rollup, rolldown] = bundlers;
describeAssets(assetHost(rollup!));
// Vite 8 uses Rolldown, and the tests of Vite cover it.
describeInLane('versions', 'imported files in every bundler', () => describeAssets(assetHost(rolldown!)));

const KIB = 1024;

describeBundlers(({ id, bundler, plugin }) => {
  const tree = () => ({
    'main.js': "import url from './big.bin';\nexport default url;\n",
    'big.bin': randomBytes(256 * KIB),
  });

  test.each(['generateBundle', 'writeBundle'])(
    'a build that is killed in %s leaves no stand-in',
    async (hook) => {
      const root = makeProject(tree());
      const child = join(import.meta.dirname, 'killed-assets.js');
      const { signal, stderr } = spawnSync(process.execPath, [child, JSON.stringify({ id, root, hook })], {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
      expect(standInsBelow(root)).toEqual([]);
      await inDirectory(root, async () => {
        const bundle = await bundler.rollup({
          input: 'main.js',
          plugins: [plugin({ assets: true, report: false })],
        });
        await bundle.write({ dir: 'dist', entryFileNames: 'bundle.js' });
        await bundle.close();
      });
      const { sha256 } = readTree(root)['big.bin'] as { sha256: string };
      const built = Object.entries(readTree(join(root, 'dist'))).filter(([name]) => name.endsWith('.bin'));
      expect(built).toEqual([[expect.any(String), expect.objectContaining({ sha256 })]]);
    },
  );

  test('each of several outputs gets its assets, and outputs of one directory all of them', async () => {
    const root = makeProject(tree());
    const reports: [CopyReport, string][] = [];
    await inDirectory(root, async () => {
      const reflink = plugin({ assets: true, report: (...each) => void reports.push(each) });
      const bundle = await bundler.rollup({ input: 'main.js', plugins: [reflink] });
      await bundle.write({ dir: 'one', format: 'es', assetFileNames: 'a/[name][extname]' });
      await bundle.write({
        dir: 'one',
        format: 'cjs',
        entryFileNames: '[name].cjs',
        assetFileNames: 'b/[name][extname]',
      });
      await bundle.write({ dir: 'two', format: 'es', assetFileNames: 'c/[name][extname]' });
      await bundle.close();
    });
    const { sha256 } = readTree(root)['big.bin'] as { sha256: string };
    const found = readTree(root);
    for (const name of ['one/a/big.bin', 'one/b/big.bin', 'two/c/big.bin'])
      expect(found[name], name).toMatchObject({ sha256 });
  });

  test.each([null, 'pre'] as const)(
    'a plugin of the output finds the content, with order %j',
    async (order) => {
      const root = makeProject(tree());
      const found: string[] = [];
      const handler = (_output: unknown, bundle: OutputBundle) => {
        for (const each of Object.values(bundle))
          if (each.type === 'asset') found.push(Buffer.from(each.source).toString('hex'));
      };
      const reading: Plugin = { name: 'of the output', generateBundle: { order, handler } };
      await inDirectory(root, async () => {
        const bundle = await bundler.rollup({
          input: 'main.js',
          plugins: [plugin({ assets: true, report: false })],
        });
        await bundle.write({ dir: 'dist', plugins: [[Promise.resolve(reading)], undefined] });
        await bundle.close();
      });
      expect(found).toEqual([readFileSync(join(root, 'big.bin'), 'hex')]);
    },
  );

  test('several instances copy what each of them names, and the assets once', async () => {
    const root = makeProject({ ...tree(), 'static/plain.txt': 'plain' });
    const reports: CopyReport[][] = [[], [], []];
    const report = (instance: number) => (each: CopyReport) => void reports[instance]!.push(each);
    await inDirectory(root, async () => {
      const plugins = [
        plugin({ assets: true, report: report(0) }),
        plugin({ publicDir: 'static', report: report(1) }),
        plugin({ assets: true, targets: [{ from: 'package.json' }], report: report(2) }),
      ];
      const bundle = await bundler.rollup({ input: 'main.js', plugins });
      await bundle.write({ dir: 'dist' });
      await bundle.close();
    });
    expect(reports[0]).toMatchObject([{ files: 1 }]);
    expect(reports[1]).toHaveLength(1);
    expect(reports[2]).toMatchObject([{ files: 1 }]);
    const { sha256 } = readTree(root)['big.bin'] as { sha256: string };
    const output = readTree(join(root, 'dist'));
    expect(Object.values(output).filter((each) => each.sha256 === sha256)).toHaveLength(1);
    expect(Object.keys(output)).toEqual(expect.arrayContaining(['package.json', 'plain.txt']));
  });

  test('the bundle of a format without modules names them, too', async () => {
    const root = makeProject(tree());
    await inDirectory(root, async () => {
      const bundle = await bundler.rollup({
        input: 'main.js',
        plugins: [plugin({ assets: true, report: false })],
      });
      await bundle.write({ dir: 'dist', format: 'cjs', exports: 'default', entryFileNames: 'bundle.cjs' });
      await bundle.close();
    });
    const code = 'process.stdout.write(require("./dist/bundle.cjs"))';
    const url = execFileSync(process.execPath, ['-e', code], { cwd: root, encoding: 'utf8' });
    expect(readFileSync(fileURLToPath(url)).equals(readFileSync(join(root, 'big.bin')))).toBe(true);
  });
});
