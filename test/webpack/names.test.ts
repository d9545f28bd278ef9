import { rmSync } from 'node:fs';
import { join } from 'node:path';
import CopyPlugin from 'copy-webpack-plugin';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/webpack';
import { describe, expect, test } from 'vitest';
import type { Configuration } from 'webpack';
import { makeProject } from '../hosts/project.ts';
import { readTree } from '../support/trees.ts';
import { configOf, describeWebpacks, run } from './hosts.ts';

type Rename = NonNullable<NonNullable<Options['targets']>[number]['rename']>;
type Output = NonNullable<Configuration['output']>;

const templates: [to: string, output: Output][] = [
  ['[name].[contenthash][ext]', {}],
  ['deep/[path][name].[contenthash:6][ext]', {}],
  ['[path][base]', {}],
  ['[contenthash].[name][ext]', { hashFunction: 'sha256', hashDigestLength: 12 }],
  ['[name].[contenthash][ext]', { hashSalt: 'salted', hashFunction: 'md4' }],
  ['[name].[chunkhash:8][ext]', {}],
  ['[name].[hash:8][ext]', {}],
];

describeWebpacks(({ webpack }) => {
  describe('the names webpack gives copies', () => {
    test.each(templates)('%s %j', async (to, output) => {
      const root = makeProject({ 'assets/large.bin': Buffer.alloc(3_000_000, 'large') });
      const build = async (plugin: NonNullable<Configuration['plugins']>[number]) => {
        rmSync(join(root, 'dist'), { recursive: true, force: true });
        const { stats, errors } = await run(webpack(configOf(root, { output, plugins: [plugin] }))!);
        expect(errors).toEqual([]);
        const infos = stats.compilation.getAssets().map(({ name, info }) => {
          const { immutable, contenthash, chunkhash } = info;
          return [name, { immutable, contenthash, chunkhash }] as const;
        });
        const hashes = Object.entries(readTree(join(root, 'dist'))).map(([name, { sha256 }]) => [
          name,
          sha256,
        ]);
        return { files: Object.fromEntries(hashes), infos: Object.fromEntries(infos) };
      };
      const theirs = await build(new CopyPlugin({ patterns: [{ from: 'assets', to }] }) as never);
      const ours = await build(reflink({ targets: [{ from: 'assets', to }], report: false }));
      expect(Object.keys(ours.files).length).toBeGreaterThan(5);
      expect(ours).toEqual(theirs);
    });
  });

  const renames: [rename: string, names: RegExp[]][] = [
    ['[name].[contenthash:8][ext]', [/^to\/a\.[0-9a-f]{8}\.txt$/m, /^to\/sub\/c\.[0-9a-f]{8}\.txt$/m]],
    ['[path]x/[name][ext]', [/^to\/x\/a\.txt$/m, /^to\/sub\/x\/c\.txt$/m]],
  ];
  test.each(renames)('rename: %s', async (rename, names) => {
    const root = makeProject();
    const targets: Options['targets'] = [{ from: 'assets/**/{a,c}.txt', to: 'to', rename }];
    const { stats, errors } = await run(
      webpack(configOf(root, { plugins: [reflink({ targets, report: false })] }))!,
    );
    expect(errors).toEqual([]);
    const found = Object.keys(readTree(join(root, 'dist'))).filter((name) => name.endsWith('.txt'));
    expect(found).toHaveLength(names.length);
    for (const name of names) expect(found.join('\n')).toMatch(name);
    const info = stats.compilation.getAsset(found[0]!)?.info;
    expect(info?.immutable).toBe(rename.includes('hash') ? true : undefined);
  });

  const functions: [name: string, rename: (path: string) => string, names: RegExp[]][] = [
    [
      'a template of each',
      (path) => path.replace('.txt', '.[contenthash:6].txt'),
      [/^to\/a\.[0-9a-f]{6}\.txt$/m, /^to\/sub\/c\.[0-9a-f]{6}\.txt$/m, /^to\/\[name\]\.[0-9a-f]{6}\.txt$/m],
    ],
    [
      'one template for all',
      () => '[path]x/[name].[contenthash:4][ext]',
      [
        /^to\/x\/a\.[0-9a-f]{4}\.txt$/m,
        /^to\/sub\/x\/c\.[0-9a-f]{4}\.txt$/m,
        /^to\/x\/\[name\]\.[0-9a-f]{4}\.txt$/m,
      ],
    ],
    [
      'names',
      (path) => `x/${path}`,
      [/^to\/x\/a\.txt$/m, /^to\/x\/sub\/c\.txt$/m, /^to\/x\/\[name\]\.txt$/m],
    ],
    [
      'a template of one file alone',
      (path) => (path === 'a.txt' ? '[contenthash:4][ext]' : path),
      [/^to\/[0-9a-f]{4}\.txt$/m, /^to\/sub\/c\.txt$/m, /^to\/\[name\]\.txt$/m],
    ],
  ];
  test.each(functions)('a rename function that returns %s', async (_name, rename, names) => {
    const root = makeProject({ 'assets/[name].txt': 'a name with brackets' });
    const targets: Options['targets'] = [
      { from: 'assets/**/*.txt', ignore: ['sub/b.txt'], to: 'to', rename },
    ];
    for (let run_ = 0; run_ < 2; run_++) {
      const { stats, errors } = await run(
        webpack(configOf(root, { plugins: [reflink({ targets, report: false })] }))!,
      );
      expect(errors).toEqual([]);
      const found = Object.keys(readTree(join(root, 'dist'))).filter((name) => name.endsWith('.txt'));
      for (const name of names) expect(found.join('\n')).toMatch(name);
      const assets = stats.compilation.getAssets().filter(({ name }) => name.endsWith('.txt'));
      expect(assets.map(({ name }) => name).sort()).toEqual(found.sort());
      for (const { name, info } of assets)
        expect(info.immutable).toBe(/[0-9a-f]{4,6}\.txt$/.test(name) || undefined);
    }
  });

  test('rename with placeholders: `to` is a directory, also for one file', async () => {
    const root = makeProject();
    const targets: Options['targets'] = [
      { from: 'assets/a.txt', to: 'all.txt', rename: '[name].[contenthash:8][ext]' },
    ];
    const { errors } = await run(
      webpack(configOf(root, { plugins: [reflink({ targets, report: false })] }))!,
    );
    expect(errors).toEqual([]);
    const found = Object.keys(readTree(join(root, 'dist'))).filter((name) => name.endsWith('.txt'));
    expect(found).toEqual(['all.txt', expect.stringMatching(/^all\.txt\/a\.[0-9a-f]{8}\.txt$/)]);
  });

  test.each<[to: string, rename: Rename | undefined, meant: string]>([
    ['dist/', (path) => path, '.'],
    ['dist/x', '[name].[contenthash][ext]', 'x'],
    ['dist/[name].[contenthash][ext]', undefined, '[name].[contenthash][ext]'],
  ])('to: %j names the output directory, and the warning says it', async (to, rename, meant) => {
    const targets = [{ from: 'assets/a.txt', to, ...(rename && { rename }) }];
    const { warnings } = await run(
      webpack(configOf(makeProject(), { plugins: [reflink({ targets, report: false })] }))!,
    );
    expect(warnings).toEqual([expect.stringContaining(`write to: '${meant}', or to: './dist`)]);
    expect(warnings[0]).toContain(`to: ${JSON.stringify(to)} is relative`);
  });

  test('the hash in the name of a transformed file is that of the result', async () => {
    const root = makeProject();
    const plugin = (transform: (content: Buffer) => string) =>
      reflink({ targets: [{ from: 'assets/a.txt', to: '[contenthash][ext]', transform }], report: false });
    const names: string[] = [];
    for (const text of ['one', 'other', 'one']) {
      await run(webpack(configOf(root, { plugins: [plugin(() => text)] }))!);
      const found = Object.keys(readTree(join(root, 'dist'))).filter((name) => name.endsWith('.txt'));
      // The file that the previous build copied is deleted.
      expect(found).toHaveLength(1);
      names.push(found[0]!);
    }
    expect(names[0]).toBe(names[2]);
    expect(names[0]).not.toBe(names[1]);
  });
});
