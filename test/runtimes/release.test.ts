import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reasonToSkip } from '../support/optional-lanes.ts';
import { commandOf, runtimes } from './runtimes.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const bundlers = ['vite', 'rollup', 'rolldown', 'esbuild', 'webpack', '@rspack/core'];

/** Builds with each bundler, and prints what each report says: run in the project, by the runtime under test. */
const BUILD = `
import { mkdirSync, rmSync } from 'node:fs';
const results = {};
const options = (name) => ({
  targets: [{ from: 'assets', to: 'copied' }],
  report: ({ files, methods }) => { results[name] = { files, methods: Object.keys(methods) }; },
});
const plugin = async (name) => (await import('unplugin-reflink/' + name)).default(options(name));
const { build: vite } = await import('vite');
await vite({ root: '.', logLevel: 'error', configFile: false, build: { outDir: 'out-vite' }, plugins: [await plugin('vite')] });
for (const name of ['rollup', 'rolldown']) {
  const bundle = await (await import(name))[name]({ input: 'main.js', plugins: [await plugin(name)] });
  await bundle.write({ dir: 'out-' + name });
  await bundle.close();
}
const { build } = await import('esbuild');
await build({ entryPoints: ['main.js'], bundle: true, outdir: 'out-esbuild', logLevel: 'error', plugins: [await plugin('esbuild')] });
for (const [name, from] of [['webpack', 'webpack'], ['rspack', '@rspack/core']]) {
  const { default: bundler } = await import(from);
  const config = { mode: 'development', entry: './main.js', output: { path: process.cwd() + '/out-' + name }, plugins: [await plugin(name)] };
  await new Promise((resolve, reject) => {
    const compiler = (bundler.rspack ?? bundler)(config);
    compiler.run((error, stats) => compiler.close(() => error || stats.hasErrors() ? reject(error ?? new Error(stats.toString())) : resolve()));
  });
}
const { copySync } = await import('fs-reflink');
copySync({ from: 'assets', to: 'out-engine/copied' });
console.log(JSON.stringify(results));
`;

function run(command: string, args: string[], cwd: string): string {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}\n${stdout}`);
  return stdout;
}

const skipped = reasonToSkip('runtimes', () =>
  process.platform === 'linux' && process.arch === 'x64' ? undefined : 'it needs Linux x64',
);

describe.skipIf(skipped)(
  `the packages as they are published${skipped ? ` (skipped: ${skipped})` : ''}`,
  () => {
    let home: string;
    let project: string;
    let tarballs: string[];
    beforeAll(() => {
      home = mkdtempSync(join(tmpdir(), 'fs-reflink-release-'));
      project = join(home, 'project');
      for (const name of ['core', 'unplugin'])
        run(
          'npx',
          ['--yes', 'pnpm@12', 'pack', '--pack-destination', home],
          join(repository, 'packages', name),
        );
      tarballs = readdirSync(home).filter((name) => name.endsWith('.tgz'));
      mkdirSync(join(project, 'assets/deep'), { recursive: true });
      for (const [name, content] of [
        ['package.json', '{ "private": true, "type": "module" }'],
        ['index.html', '<script type="module" src="/main.js"></script>'],
        ['main.js', 'console.log(1);'],
        ['build.js', BUILD],
        ['assets/one.txt', 'one'],
        ['assets/deep/two.txt', 'two'],
      ] as const)
        writeFileSync(join(project, name), content);
      run(
        'npm',
        ['install', '--no-audit', '--no-fund', ...tarballs.map((name) => join(home, name))],
        project,
      );
    }, 600_000);
    afterAll(() => rmSync(home, { recursive: true, force: true }));

    test('are two, and name no version of the workspace', () => {
      expect(tarballs.map((name) => name.replace(/-\d.*/, ''))).toEqual(['fs-reflink', 'unplugin-reflink']);
      const manifest = JSON.parse(
        readFileSync(join(project, 'node_modules/unplugin-reflink/package.json'), 'utf8'),
      );
      expect(JSON.stringify(manifest.dependencies)).not.toContain('workspace:');
      expect(JSON.stringify(manifest.exports)).not.toContain('./src/');
    });

    test('hold what they need: code, types, README and licence, no source and no test', () => {
      for (const name of ['fs-reflink', 'unplugin-reflink']) {
        const listed = execFileSync(
          'tar',
          ['-tf', join(home, tarballs.find((each) => each.startsWith(name))!)],
          {
            encoding: 'utf8',
          },
        ).split('\n');
        for (const needed of ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'])
          expect(listed).toContain(`package/${needed}`);
        expect(listed.filter((each) => /\/(src|test)\/|\.test\./.test(each))).toEqual([]);
      }
    });

    test('install native code for this platform alone', () => {
      const native = run('find', ['node_modules', '-name', '*.node'], project).trim().split('\n');
      const bytes = Number(run('du', ['-sb', 'node_modules'], project).split('\t')[0]);
      console.log(`installed: ${(bytes / 1e6).toFixed(1)} MB, native: ${native.join(', ')}`);
      expect(native.filter((file) => !file.includes('/koffi-linux-x64/'))).toEqual([]);
      expect(existsSync(join(project, 'node_modules/.bin/fs-reflink'))).toBe(true);
    });

    describe.each(runtimes.filter(({ name }) => name.startsWith('node-')))('$label', (runtime) => {
      test('builds with each bundler', () => {
        for (const name of bundlers) {
          const link = join(project, 'node_modules', name);
          if (lstatSync(link, { throwIfNoEntry: false })) continue;
          mkdirSync(join(link, '..'), { recursive: true });
          symlinkSync(realpathSync(join(repository, 'test/node_modules', name)), link);
        }
        const outputs = readdirSync(project).filter((name) => name.startsWith('out-'));
        for (const name of outputs) rmSync(join(project, name), { recursive: true });
        const [program, ...args] = commandOf(runtime);
        const printed = run(program!, [...args, 'build.js'], project);
        const results = JSON.parse(printed.trim().split('\n').at(-1)!) as Record<
          string,
          { files: number; methods: string[] }
        >;
        expect(Object.keys(results).sort()).toEqual([
          'esbuild',
          'rolldown',
          'rollup',
          'rspack',
          'vite',
          'webpack',
        ]);
        for (const [name, { files, methods }] of Object.entries(results)) {
          expect({ name, files }).toEqual({ name, files: 2 });
          expect(['ficlone', 'copy_file_range', 'read_write']).toEqual(expect.arrayContaining(methods));
        }
        for (const name of [...Object.keys(results), 'engine']) {
          const copied = readFileSync(join(project, `out-${name}/copied/deep/two.txt`), 'utf8');
          expect({ name, copied }).toEqual({ name, copied: 'two' });
        }
      });

      test('runs the command', () => {
        const [program, ...args] = commandOf(runtime);
        const command = join(project, 'node_modules/fs-reflink/bin/fs-reflink.js');
        rmSync(join(project, 'by-command'), { recursive: true, force: true });
        expect(run(program!, [...args, command, 'cp', 'assets', 'by-command'], project)).toMatch(/^2 files/);
        expect(readFileSync(join(project, 'by-command/one.txt'), 'utf8')).toBe('one');
      });
    });
  },
);
