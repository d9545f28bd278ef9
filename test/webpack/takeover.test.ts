import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/webpack';
import { describe, expect, test } from 'vitest';
import webpack, { type Configuration } from 'webpack';
import { makeProject } from '../hosts/project.ts';
import { readTree } from '../support/trees.ts';
import { configOf, reporting, run } from './hosts.ts';

type Copy = NonNullable<NonNullable<Configuration['output']>['copy']>;

const upper = (content: Buffer) => content.toString().toUpperCase();

/** Patterns for which webpack and the plugin must write the same files, with the same messages. */
const same: [name: string, copy: Copy][] = [
  ['a string', 'static'],
  ['several', ['static', 'assets']],
  ['a file', ['static/one/two/three/deepest.bin']],
  ['a directory below', [{ from: 'assets', to: 'x/y' }]],
  [
    'globs',
    [{ from: 'assets/**/*.txt', to: 'g' }, { from: 'assets/*.{md,txt}' }, { from: 'static/?????.tx[t]' }],
  ],
  ['a glob in a directory with special characters', [{ from: 'static/dir (86)/*.txt' }]],
  [
    'an array of froms, of which the first counts',
    [{ from: ['assets/sub/*', 'assets/**/*', 'assets'], to: 'm' }],
  ],
  ['a context', [{ from: 'sub/**/*.txt', context: 'assets', to: 'c' }]],
  ['a context with several froms', [{ from: ['assets/sub/c.txt', 'static/one'], context: '.' }]],
  ['ignored', [{ from: 'static', globOptions: { ignore: ['**/*.txt', 'static/one/**', '**/.dotfile'] } }]],
  ['an ignored file', [{ from: 'assets/a.txt', globOptions: { ignore: ['**/a.txt'] } }, 'assets/b.md']],
  ['no dotfiles', [{ from: 'static', globOptions: { dot: false } }]],
  [
    'only so deep',
    [
      { from: 'static', globOptions: { deep: 2 } },
      { from: 'assets/**/*', globOptions: { deep: 1 } },
    ],
  ],
  ['a template', [{ from: 'assets', filename: '[path][name].[contenthash:8][ext]', to: 'h' }]],
  ['a function for names', [{ from: 'assets', filename: (data) => `f/${data.filename}.bak` }]],
  [
    'a function for directories',
    [{ from: 'assets', to: ({ sourceFilename, filename }) => `${sourceFilename.length}/${filename.length}` }],
  ],
  [
    'info',
    [
      { from: 'assets', info: { development: true } },
      {
        from: 'static',
        to: 's',
        info: ({ filename, sourceFilename }) => ({ of: `${sourceFilename} ${filename}` }),
      },
    ],
  ],
  ['a transform', [{ from: 'assets', transform: upper }]],
  [
    'a transform with a cache, and a hash',
    [
      {
        from: 'assets',
        filename: '[contenthash][ext]',
        transform: {
          transformer: async (content, file) => `${file.length}${content}`,
          cache: { keys: { a: 1 } },
        },
      },
    ],
  ],
  [
    'a later pattern over an earlier',
    [{ from: 'assets/a.txt' }, { from: 'static/plain.txt', filename: 'a.txt' }],
  ],
  ['attributes', [{ from: 'static', preservePermissions: true, preserveTimestamps: true }]],
  ['nothing that matches', [{ from: 'assets/*.none' }, { from: 'none' }, { from: 'assets/a.txt' }]],
];

const theirInfo = ['copied', 'sourceFilename', 'immutable', 'contenthash', 'development', 'of'];

async function build(root: string, copy: Copy, options?: Options) {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const { plugin, reports } = reporting({ webpack: { takeOver: true }, ...options });
  const built = await run(webpack(configOf(root, { output: { copy }, plugins: options ? [plugin] : [] }))!);
  const infos = built.stats.compilation.getAssets().map(({ name, info }) => {
    const told = Object.entries(info).filter(
      ([key, value]) => theirInfo.includes(key) && value !== undefined,
    );
    return [name, Object.fromEntries(told)];
  });
  const files = Object.entries(readTree(join(root, 'dist'))).map(([name, { type, sha256 }]) => [
    name,
    { type, sha256 },
  ]);
  return {
    files: Object.fromEntries(files),
    infos: Object.fromEntries(infos),
    warnings: built.warnings.length,
    errors: built.errors,
    reports,
  };
}

describe('webpack 5', () => {
  test.each(same)('output.copy: %s', async (_name, copy) => {
    const root = makeProject();
    const theirs = await build(root, copy);
    const ours = await build(root, copy, { webpack: { takeOver: true } });
    expect(Object.keys(theirs.files).length).toBeGreaterThan(1);
    const { reports: _none, ...expected } = theirs;
    const { reports, ...found } = ours;
    expect(found).toEqual(expected);
    const count = Object.keys(theirs.infos).length - 1;
    const copied = Object.values(reports[0]!.methods).reduce((sum, { files }) => sum + files, 0);
    expect(copied).toBe(count);
  });

  test('takeOver also preserves attributes', async () => {
    const root = makeProject();
    await build(root, 'static', { webpack: { takeOver: true } });
    const [source, copied] = ['static', 'dist'].map((name) => readTree(join(root, name)));
    expect(copied!['run.sh']).toEqual(source!['run.sh']);
  });

  test('an asset of the compilation is an error for both', async () => {
    const root = makeProject();
    const copy: Copy = [{ from: 'assets/a.txt', filename: 'bundle.js' }, 'assets/b.md'];
    for (const options of [undefined, { webpack: { takeOver: true } }]) {
      const { errors, files } = await build(root, copy, options);
      expect(errors).toEqual([
        expect.stringMatching(/assets\/a\.txt' to 'bundle\.js' would replace an asset/),
      ]);
      expect(Object.keys(files).sort()).toEqual(['b.md', 'bundle.js']);
    }
  });

  const refused: [why: RegExp, copy: Copy, options?: Options][] = [
    [/outside|OUTSIDE/, [{ from: 'assets', to: '../out' }]],
    [/would write outside|OUTSIDE/, [{ from: 'assets', filename: '../[base]' }]],
    [/[Mm]ultiple files.*same\.txt/, [{ from: 'assets', filename: 'same.txt' }]],
  ];
  test.each(refused)('an error for both: %s', async (why, copy) => {
    const root = makeProject();
    for (const options of [undefined, { webpack: { takeOver: true } }]) {
      const { errors } = await build(root, copy, options);
      expect(errors.join('\n')).toMatch(why);
    }
    expect(Object.keys(readTree(root)).filter((name) => name.startsWith('out'))).toEqual([]);
  });

  const impossible: [named: RegExp, copy: Copy][] = [
    [
      /"globOptions.caseSensitive", which is false/,
      [{ from: 'assets', globOptions: { caseSensitive: false } }],
    ],
    [/"from", which is 'assets\/!\(a\).txt', has parentheses/, ['assets/!(a).txt']],
    [/"from".*'assets\/a\*\*\/x'.*"\*\*" beside/, ['assets/a**/x']],
  ];
  test.each(impossible)('refused by name: %s', (named, copy) => {
    const root = makeProject();
    const config = configOf(root, {
      output: { copy },
      plugins: [reflink({ webpack: { takeOver: true } })],
    });
    expect(() => webpack(config)).toThrow(named);
    expect(() => webpack(config)).toThrow(/^unplugin-reflink \(webpack\): cannot take over output\.copy: /);
  });

  test.each([
    [{}, 'linked.txt'],
    [{ filename: '[path]named-[name][ext]' }, 'named-linked.txt'],
  ])('kept links: %j', async (names, name) => {
    const root = makeProject();
    const copy: Copy = [{ from: 'static', globOptions: { followSymlinks: false }, ...names }];
    const theirs = await build(root, copy);
    for (const options of [{}, { symlinks: 'keep' as const }]) {
      const ours = await build(root, copy, options);
      expect(ours.files).toEqual(theirs.files);
      expect(ours.files[name]).toEqual({ type: 'symlink', sha256: undefined });
    }
  });

  test('a pattern follows links, and has the attributes it asks for, whatever the options say', async () => {
    const root = makeProject();
    const copy: Copy = [{ from: 'static', preservePermissions: true, preserveTimestamps: true }];
    const theirs = await build(root, copy);
    const ours = await build(root, copy, { symlinks: 'keep', preserve: ['ownership'] });
    expect(ours.files).toEqual(theirs.files);
    const [source, copied] = ['static', 'dist'].map((name) => readTree(join(root, name)));
    for (const name of ['run.sh', 'plain.txt']) expect(copied![name]).toEqual(source![name]);
  });

  test('without takeOver webpack copies', async () => {
    const root = makeProject();
    const { plugin, reports } = reporting({ targets: [{ from: 'more' }] });
    const built = await run(webpack(configOf(root, { output: { copy: 'assets' }, plugins: [plugin] }))!);
    expect(built).toMatchObject({ warnings: [], errors: [] });
    expect(reports[0]!.files).toBe(2);
    expect(Object.keys(readTree(join(root, 'dist')))).toContain('sub/c.txt');
  });

  test('our own targets beside it, which win', async () => {
    const root = makeProject();
    const targets = [{ from: 'static/plain.txt', rename: 'a.txt' }];
    const { files, errors, warnings } = await build(root, ['assets'], {
      webpack: { takeOver: true },
      targets,
    });
    expect({ errors, warnings }).toEqual({ errors: [], warnings: 0 });
    expect(files['a.txt']).toEqual(
      (await build(root, [{ from: 'static/plain.txt', filename: 'a.txt' }])).files['a.txt'],
    );
  });
});
