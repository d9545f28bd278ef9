import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Compiler, type CopyRspackPluginOptions, rspack } from '@rspack/core';
import type { CopyReport } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/rspack';
import { expect, test } from 'vitest';
import { BUNDLE } from '../hosts/cases.ts';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { readTree } from '../support/trees.ts';
import { configOf, listen, run } from './hosts.ts';

type Patterns = CopyRspackPluginOptions['patterns'];

const upper = (content: Buffer) => content.toString().toUpperCase();

/** Builds once. Each build needs a new config, because Rspack changes the patterns. */
async function build(
  root: string,
  patterns: Patterns,
  given: Options | undefined,
  { ours = 'last', keeps = false } = {},
) {
  if (!keeps) rmSync(join(root, 'dist'), { recursive: true, force: true });
  const reports: CopyReport[] = [];
  const theirs = new rspack.CopyRspackPlugin({ patterns: structured(patterns) });
  const plugin = reflink({ report: (report) => void reports.push(report), ...given });
  const plugins = given ? (ours === 'last' ? [theirs, plugin] : [plugin, theirs]) : [theirs];
  // Includes what is logged while plugins are applied.
  let log: string[] = [];
  const listener = { apply: (compiler: Compiler) => void (log = listen(compiler)) };
  const built = await run(rspack(configOf(root, { plugins: [listener, ...plugins] })));
  const files = Object.entries(readTree(join(root, 'dist')))
    .filter(([, { type }]) => type !== 'directory')
    .map(([name, { sha256 }]) => [name, sha256]);
  return { ...built, log, files: Object.fromEntries(files) as Record<string, string>, reports };
}

const structured = (patterns: Patterns): Patterns =>
  patterns.map((each) => (typeof each === 'string' ? each : { ...each }));

const takeOver: Options = { rspack: { takeOver: true } };

test.each<[name: string, patterns: Patterns]>([
  ['a string', ['static']],
  ['several', ['static', { from: 'assets', to: 'x/y' }]],
  ['a file', ['static/one/two/three/deepest.bin']],
  ['a file under another name', [{ from: 'static/plain.txt', to: 'x/renamed.md' }]],
  ['a file into a directory', [{ from: 'static/plain.txt', to: 'v1.2', toType: 'dir' }]],
  ['a file without an extension', [{ from: 'static/plain.txt', to: 'x/NAME', toType: 'file' }]],
  ['a slash after an extension', [{ from: 'static/plain.txt', to: 'v1.2/' }]],
  ['globs', [{ from: 'assets/**/*.txt', to: 'g' }, 'assets/*.{md,txt}', 'static/?????.tx[t]']],
  ['a list in braces that is longer than a name can be', [`assets/{${'none,'.repeat(60)}a,b}.*`]],
  ['everything below', [{ from: 'assets/**', to: 'all' }]],
  ['a glob without dotfiles', [{ from: 'static/**/*', to: 'g' }]],
  ['a glob with dotfiles', [{ from: 'static/**/*', to: 'g', globOptions: { dot: true } }]],
  ['a directory without dotfiles', [{ from: 'static', globOptions: { dot: false } }]],
  ['a context', [{ from: 'sub/**/*.txt', context: 'assets', to: 'c' }]],
  ['a context of a directory', [{ from: 'sub', context: 'assets', to: 'c' }]],
  ['ignored', [{ from: 'static', globOptions: { ignore: ['**/*.txt', '**/one/**', '**/.dotfile'] } }]],
  ['an ignored file', [{ from: 'assets', globOptions: { ignore: ['**/a.txt'] } }]],
  [
    'of two files of one name the first',
    [
      { from: 'assets/a.txt', to: 'n.txt' },
      { from: 'static/plain.txt', to: 'n.txt' },
    ],
  ],
  [
    'of two files of one name the last, by force',
    [
      { from: 'assets/a.txt', to: 'n.txt', force: true },
      { from: 'static/plain.txt', to: 'n.txt', force: true },
      { from: 'assets/b.md', to: 'n.txt' },
    ],
  ],
  [
    'of two files of one name the one of priority',
    [
      { from: 'assets/a.txt', to: 'n.txt', priority: 5, force: true },
      { from: 'static/plain.txt', to: 'n.txt', force: true },
      { from: 'assets/a.txt', to: 'm.txt', priority: 5 },
      { from: 'static/plain.txt', to: 'm.txt' },
    ],
  ],
  ['by force over the bundle', [{ from: 'assets/a.txt', to: BUNDLE, force: true }]],
  ['what is there and may be missing', [{ from: 'static', noErrorOnMissing: true }]],
])('CopyRspackPlugin: %s', async (_name, patterns) => {
  const root = makeProject();
  const theirs = await build(root, patterns, undefined);
  expect(theirs.errors).toEqual([]);
  for (const ours of ['first', 'last']) {
    const { files, reports, errors, log } = await build(root, patterns, takeOver, { ours });
    expect({ files, errors, log }).toEqual({ files: theirs.files, errors: [], log: [] });
    // The engine copies all files except the bundle.
    const copied = Object.keys(files).filter((name) => name !== BUNDLE || _name.includes('bundle')).length;
    expect(reports).toMatchObject([{ files: copied }]);
    for (const method of Object.keys(reports[0]!.methods))
      expect(method).toMatch(/^(ficlone|copy_file_range|read_write)$/);
  }
});

test('no warning about a pattern into a directory that is named as the output', async () => {
  const { files, warnings } = await build(makeProject(), [{ from: 'assets', to: './dist' }], takeOver);
  expect(files).toHaveProperty('dist/a.txt');
  expect(warnings).toEqual([]);
});

test('what is copied without asking is more: attributes', async () => {
  const root = makeProject();
  await build(root, ['static'], takeOver);
  const [source, copied] = ['static', 'dist'].map((name) => readTree(join(root, name)));
  expect(copied!['run.sh']).toEqual(source!['run.sh']);
});

test('copyPermissions counts whatever the option "preserve" says', async () => {
  const root = makeProject();
  await build(root, [{ from: 'static', copyPermissions: true }], { ...takeOver, preserve: ['timestamps'] });
  expect(readTree(join(root, 'dist'))['run.sh']).toMatchObject({ mode: 0o755 });
});

test("a file without force loses to the bundle's, with a warning", async () => {
  const root = makeProject();
  const patterns: Patterns = [{ from: 'assets/a.txt', to: BUNDLE }, 'assets/b.md'];
  const theirs = await build(root, patterns, undefined);
  const { files, warnings, errors } = await build(root, patterns, takeOver);
  expect({ files, errors }).toEqual({ files: theirs.files, errors: [] });
  expect(warnings).toEqual([expect.stringMatching(/bundle\.js is both in .* the bundle's is kept/)]);
});

test('targets of the plugin win over what it takes over, and unchanged files stay', async () => {
  const root = makeProject();
  await pastTick();
  const given: Options = { ...takeOver, targets: [{ from: 'static/plain.txt', rename: 'a.txt' }] };
  const patterns: Patterns = [{ from: 'assets', force: true }];
  const first = await build(root, patterns, given);
  expect(first.files['a.txt']).toBe(readTree(root)['static/plain.txt']!.sha256);
  const before = identityOf(join(root, 'dist/b.md'));
  const second = await build(root, patterns, given, { keeps: true });
  expect(second.reports).toMatchObject([{ files: 0, unchanged: 4 }]);
  expect(identityOf(join(root, 'dist/b.md'))).toBe(before);
});

test('what is left out of the patterns is deleted, when none is left too', async () => {
  const root = makeProject();
  await build(root, ['assets', 'more'], takeOver);
  await build(root, ['more'], takeOver, { keeps: true });
  expect([existsSync(join(root, 'dist/a.txt')), existsSync(join(root, 'dist/notes.md'))]).toEqual([
    false,
    true,
  ]);
  await build(root, [], takeOver, { keeps: true });
  expect(existsSync(join(root, 'dist/notes.md'))).toBe(false);
});

test.each<[named: RegExp, pattern: Exclude<Patterns[number], string>]>([
  [/"transform", which is a function, changes contents/, { from: 'assets', transform: upper }],
  [/"to", which is a function, may name what it likes/, { from: 'assets', to: () => 'elsewhere' }],
  [
    /"to", which is '\[path\]x-\[name\]\[ext\]', is a template/,
    { from: 'assets', to: '[path]x-[name][ext]' },
  ],
  [/"to", which is 'n\.txt', is a template/, { from: 'assets/a.txt', to: 'n.txt', toType: 'template' }],
  [/"to", which is '\.\.\/out', leads out of the output/, { from: 'assets', to: '../out' }],
  [/"to", which is 'one\.txt', is one file, and "assets" may be several/, { from: 'assets', to: 'one.txt' }],
  [
    /"from", which is 'assets\/\(a\|b\)\.txt', has parentheses/,
    { from: 'assets/(a|b).txt', noErrorOnMissing: true },
  ],
  [
    /"globOptions\.caseSensitiveMatch", which is false/,
    { from: 'assets/*.TXT', globOptions: { caseSensitiveMatch: false } },
  ],
  [
    /"globOptions\.ignore", which is '\*\.txt', begins with neither/,
    { from: 'assets', globOptions: { ignore: ['*.txt'] } },
  ],
  [/"info\.minimized", which is false/, { from: 'assets', info: { minimized: false } }],
  [/"noErrorOnMissing", which is true/, { from: 'assets/*.none', noErrorOnMissing: true }],
])('the plugin keeps what cannot be copied the same way: %s', async (named, pattern) => {
  const root = makeProject();
  const patterns: Patterns = [pattern, { from: 'more', to: 'm' }];
  const theirs = await build(root, patterns, undefined);
  const { files, errors, log, reports } = await build(root, patterns, takeOver);
  expect({ files, errors }).toEqual({ files: theirs.files, errors: [] });
  expect(log).toEqual([expect.stringMatching(named)]);
  expect(log[0]).toMatch(/^CopyRspackPlugin keeps its pattern "assets/);
  expect(reports).toMatchObject([{ files: 2 }]);
});

test('a pattern that matches nothing is an error', async () => {
  const { errors } = await build(makeProject(), ['none', 'more'], takeOver);
  expect(errors.join('\n')).toMatch(/none/);
});

test('without takeOver, and with the option for webpack, the plugin copies', async () => {
  const root = makeProject();
  const given: Options = { targets: [{ from: 'more' }], webpack: { takeOver: true } };
  const { files, reports } = await build(root, ['assets'], given);
  expect(reports).toMatchObject([{ files: 2 }]);
  expect(Object.keys(files)).toContain('a.txt');
});

test('one plugin object copies for each of several compilers', async () => {
  const root = makeProject();
  const plugins = [reflink(takeOver), new rspack.CopyRspackPlugin({ patterns: [{ from: 'assets' }] })];
  for (const name of ['one', 'two']) {
    await run(rspack(configOf(root, { plugins, output: { path: join(root, name) } })));
    expect(readTree(join(root, name))['a.txt']).toEqual(readTree(root)['assets/a.txt']);
  }
  writeFileSync(join(root, 'assets/a.txt'), 'changed');
  await run(rspack(configOf(root, { plugins, output: { path: join(root, 'one') } })));
  expect(readTree(join(root, 'one'))['a.txt']).toEqual(readTree(root)['assets/a.txt']);
});
