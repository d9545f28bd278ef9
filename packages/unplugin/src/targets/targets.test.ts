import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import {
  allowedRoots,
  allTargets,
  destinationsOf,
  originOf,
  pathBelow,
  sourcesOf,
  targetOfFile,
  toTargets,
  warningsOfDestinations,
} from './targets.ts';

test.each([
  [
    'those of the options',
    [{ dir: 'static', to: 'x', ignore: '*.md' }],
    '/own',
    [['/root/static', 'x', '*.md']],
  ],
  ["the host's, where the options name none", undefined, '/own', [['/own', '.', []]]],
  ['none where the host has none either', undefined, undefined, []],
  ['none where the options say so', [], '/own', []],
])('public directories are %s', (_what, publicDirs, publicDir, expected) => {
  const { publicTargets } = toTargets({ publicDirs, targets: [] }, { root: '/root', publicDir });
  expect(publicTargets.map(({ from, to, ignore }) => [from, to, ignore])).toEqual(expected);
});

test('targets get absolute paths, and lose what is for webpack alone', () => {
  const given = { from: ['a', '/b/*.png', '!b', '!(c)'], base: 'd', to: 'e', minimize: true, info: {} };
  const { targets } = toTargets({ publicDirs: [], targets: [given] }, { root: '/root' });
  expect(targets).toEqual([
    { from: ['/root/a', '/b/*.png', '!/root/b', '/root/!(c)'], base: '/root/d', to: 'e' },
  ]);
});

test.each([
  ['a', ['a']],
  [
    ['a', '!b', '!(c)'],
    ['a', '!(c)'],
  ],
])('of %j the sources are %j', (from, sources) => expect(sourcesOf({ from })).toEqual(sources));

test.each([
  ['/root', '/root/dist', [...new Set(['/root/dist', '/root', process.cwd()])]],
  ['/', '/dist', ['/dist', process.cwd()]],
])('with the project %j, targets may write to its output %j and to %j', (root, directory, roots) =>
  expect(allowedRoots(root, directory)).toEqual(roots),
);

test.each([
  [undefined, '/dist/a/b.txt', 'a/b.txt'],
  ['a', '/dist/a/b.txt', 'b.txt'],
  ['a/b.txt', '/dist/a/b.txt', 'b.txt'],
  ['/else', '/else/c.txt', 'c.txt'],
])('below "to" %j, %j is %j', (to, destination, below) =>
  expect(pathBelow(to === undefined ? {} : { to }, '/dist', destination)).toBe(below),
);

test('one file of a target goes to its place, with what the target says about links and attributes', () => {
  const file = { source: '/a/b.txt', destination: '/dist/x/c.txt' };
  const plain = { from: '/a/b.txt', to: '/dist/x', rename: 'c.txt', overwrite: true, allowOutside: true };
  expect(targetOfFile(file)).toEqual(plain);
  const said = { symlinks: 'keep', preserve: ['mode'] } as const;
  expect(targetOfFile(file, { from: '/a', ignore: '*', ...said } as never)).toEqual({ ...plain, ...said });
});

const output = {
  publicTargets: [{ from: '/p', to: 'p' }],
  assets: [{ from: '/i' }],
  targets: [{ from: '/t', to: '/else' }, { from: '/u' }],
};

test('targets of the engine are in the order in which the later one wins', () => {
  expect(allTargets(output).map(({ from }) => from)).toEqual(['/p', '/i', '/t', '/u']);
  expect([0, 1, 2, 3].map((number) => originOf(output, number))).toEqual([
    'public',
    'bundle',
    'target',
    'target',
  ]);
});

test('a report names the output once, and what lies outside of it', () => {
  expect(destinationsOf(output, '/dist')).toEqual(['/dist', '/else']);
  const outside = { publicTargets: [], targets: [{ from: '/t', to: join('..', 'else') }] };
  expect(destinationsOf(outside, '/dist')).toEqual([resolve('/else')]);
  // In the output, the copy deletes what earlier options copied.
  expect(destinationsOf({ publicTargets: [], targets: [] }, '/dist')).toEqual(['/dist']);
});

test.each<[to: string | undefined, output: string, meant: string | undefined]>([
  ['dist', 'dist', '.'],
  ['dist/', 'dist', '.'],
  ['dist//models', 'dist', 'models'],
  ['dist/models', 'dist', 'models'],
  ['build/client/models', 'build/client', 'models'],
  ['.output/public/models', '.output/public', 'models'],
  ['dist/[name].[contenthash][ext]', 'dist', '[name].[contenthash][ext]'],
  ['./dist/models', 'dist', undefined],
  ['models/dist', 'dist', undefined],
  ['dist2', 'dist', undefined],
  ['build', 'build/client', undefined],
  ['/root/dist/dist/models', 'dist', undefined],
  ['dist', '.', undefined],
  ['dist', '../dist', undefined],
  [undefined, 'dist', undefined],
])('to: %j in the output %j is warned of, and %j is the remedy', (to, output, meant) => {
  const named = to === undefined ? {} : { to };
  for (const options of [
    { publicDirs: [{ dir: 'a', ...named }], targets: [] },
    { publicDirs: undefined, targets: [{ from: 'a', ...named }] },
  ]) {
    const warnings = warningsOfDestinations(options, resolve('/root', output), resolve('/root'));
    const given = `${output}${meant === '.' ? '' : `/${meant}`}`;
    const message = `to: ${JSON.stringify(to)} is relative to the output directory, so files are copied to "${output}/${given}"; write to: '${meant}', or to: './${given}' if "${output}/${given}" is meant`;
    expect(warnings).toEqual(meant === undefined ? [] : [message]);
  }
});

test('a "to" that repeats the output directory is also warned of if it begins at the working directory', () => {
  const targets = [{ from: 'a', to: 'dist/models' }];
  const root = resolve('src');
  expect(warningsOfDestinations({ publicDirs: [], targets }, resolve('dist'), root)).toEqual([
    expect.stringContaining(`files are copied to "dist/dist/models"; write to: 'models'`),
  ]);
});
