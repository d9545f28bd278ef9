import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { writeTree } from '../support/trees.ts';

const repository = join(import.meta.dirname, '../..');
const packages = join(import.meta.dirname, '../node_modules');
const made: string[] = [];

afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** The first block of code of a page, which is a complete config, and the file that it names. */
function configOn(page: string): { file: string; code: string } {
  const text = readFileSync(join(repository, page), 'utf8');
  const [, code, file] = /```[tj]s\n(\/\/ (\S+)\n.*?)```/s.exec(text)!;
  return { file: file!, code: code! };
}

const bin = (path: string, ...args: string[]) => [join(packages, path), ...args];
const script = (code: string) => ['--input-type=module', '-e', code];
const fails = `(error, stats) => { if (error || stats.hasErrors()) throw error ?? new Error(stats.toString()); }`;

/** What runs a build in a project, by the page of its bundler. */
const commands: [page: string, command: string[], copied: string[], type?: 'commonjs'][] = [
  ['docs/bundlers/vite.md', bin('vite/bin/vite.js', 'build'), ['robots.txt', 'wasm/a.wasm', 'i18n/de.json']],
  ['README.md', bin('vite/bin/vite.js', 'build'), ['robots.txt', 'wasm/a.wasm']],
  ['docs/get-started.md', bin('vite/bin/vite.js', 'build'), ['robots.txt', 'wasm/a.wasm']],
  ['docs/bundlers/rollup.md', bin('rollup/dist/bin/rollup', '-c'), ['robots.txt', 'wasm/a.wasm']],
  ['docs/bundlers/rolldown.md', bin('rolldown/bin/cli.mjs', '-c'), ['robots.txt', 'wasm/a.wasm']],
  ['docs/bundlers/esbuild.md', ['build.js'], ['robots.txt', 'wasm/a.wasm']],
  [
    'docs/bundlers/webpack.md',
    ['-e', `require('webpack')(require('./webpack.config.js'), ${fails})`],
    ['robots.txt', 'fonts/a.*.woff2'],
    'commonjs',
  ],
  [
    'docs/bundlers/rspack.md',
    script(
      `import { rspack } from '@rspack/core'; import config from './rspack.config.js'; rspack(config, ${fails});`,
    ),
    ['robots.txt', 'wasm/a.wasm'],
  ],
  ['docs/bundlers/rsbuild.md', bin('@rsbuild/core/bin/rsbuild.js', 'build'), ['robots.txt', 'wasm/a.wasm']],
  [
    'docs/bundlers/farm.md',
    script(`import { build } from '@farmfe/core'; await build({ configPath: process.cwd() });`),
    ['robots.txt', 'wasm/a.wasm'],
  ],
];

test.each(commands)(
  'the config of %s builds, and copies',
  (page, command, copied, type = 'module' as never) => {
    const { file, code } = configOn(page);
    // Where the packages that it imports are found.
    const cache = join(packages, '.cache');
    mkdirSync(cache, { recursive: true });
    const root = mkdtempSync(join(cache, 'configs-'));
    made.push(root);
    const script = 'document.title = "bundled";\n';
    writeTree(root, {
      'package.json': JSON.stringify({ name: 'project', type }),
      [file]: code,
      'index.html': '<!doctype html><script type="module" src="./src/main.js"></script>',
      'src/main.js': script,
      'src/index.js': script,
      'public/robots.txt': 'public',
      'assets/fonts/a.woff2': 'font',
      'locales/de.json': '{ "title":  "Seite" }',
      'node_modules/pkg/dist/a.wasm': 'wasm',
      'node_modules/pkg/dist/a.js': 'js',
    });
    execFileSync(process.execPath, command, { cwd: root, encoding: 'utf8', stdio: 'pipe', timeout: 100_000 });
    const output = join(root, 'dist');
    const files = readdirSync(output, { recursive: true, encoding: 'utf8' });
    const expected = copied.map(
      (name) => new RegExp(`^${name.replaceAll('.', '\\.').replace('\\.*\\.', '\\..*\\.')}$`),
    );
    for (const name of expected)
      expect(
        files.filter((each) => name.test(each)),
        `${name}`,
      ).toHaveLength(1);
    expect(files.some((name) => /\.js$/.test(name))).toBe(true);
    expect(existsSync(join(output, 'wasm/a.js'))).toBe(false);
  },
);
