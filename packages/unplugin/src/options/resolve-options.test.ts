import { expect, test, vi } from 'vitest';
import type { Options } from './options.ts';
import { resolveOptions } from './resolve-options.ts';

test('what is left out', () =>
  expect(resolveOptions(undefined, 'vite')).toEqual({
    engine: {},
    publicDirs: undefined,
    targets: [],
    report: 'summary',
    dryRun: false,
    cacheDirectory: undefined,
    environments: undefined,
    reload: false,
    takeOver: false,
    dev: 'serve',
    assets: undefined,
  }));

test.each<[given: Options['publicDir'], resolved: object[] | undefined]>([
  [undefined, undefined],
  [false, []],
  ['static', [{ dir: 'static', to: '.', ignore: [] }]],
  [new URL('file:///static'), [{ dir: '/static', to: '.', ignore: [] }]],
  [{ dir: 'a', to: 'b', ignore: '*.md' }, [{ dir: 'a', to: 'b', ignore: ['*.md'] }]],
  [
    ['a', { dir: 'b' }],
    [
      { dir: 'a', to: '.', ignore: [] },
      { dir: 'b', to: '.', ignore: [] },
    ],
  ],
])('publicDir: %o', (publicDir, resolved) =>
  expect(resolveOptions(publicDir === undefined ? {} : { publicDir }, 'vite').publicDirs).toEqual(resolved),
);

test('a target is a copy, with the options that it inherits', () => {
  const ignore = ['*.map'];
  const filter = vi.fn(() => true);
  const target = Object.assign(Object.create({ filter }), { from: 'a', ignore });
  const { targets } = resolveOptions({ targets: [target] }, 'vite');
  ignore.pop();
  expect(targets).toEqual([{ from: 'a', ignore: ['*.map'], filter: expect.any(Function) }]);
  targets[0]!.filter!('b', '/a/b');
  expect(filter.mock.contexts).toEqual([target]);
});

test('functions of a target stay the same objects, which the records compare', () => {
  const functions = { filter: () => true, rename: (file: string) => file };
  const { targets } = resolveOptions({ targets: [{ from: 'a', ...functions }] }, 'vite');
  expect(targets[0]).toMatchObject(functions);
});

test('of the options of the engine only those that are given go to it', () =>
  expect(resolveOptions({ reflink: 'never', symlinks: undefined as never }, 'vite').engine).toEqual({
    reflink: 'never',
  }));

test('a dry run leaves imported files to the bundler', () => {
  expect(resolveOptions({ assets: true }, 'vite').assets).toBeDefined();
  expect(resolveOptions({ assets: true, dryRun: true }, 'vite').assets).toBeUndefined();
});

test.each<[given: unknown, host: string, message: RegExp]>([
  [{ patterns: [] }, 'webpack', /unknown option "patterns", which is \[\]; use "targets"; known are reflink/],
  [{ silent: true }, 'vite', /use "report: false"/],
  [{ cacheDir: 'cache' }, 'vite', /"cacheDir", which is 'cache'; use "cacheDirectory"; known are/],
  [{ publicDirs: ['a'] }, 'rollup', /use "publicDir"; known are/],
  [{ target: [] }, 'webpack', /use "targets"; known are/],
  [
    { from: 'a', to: 'b' },
    'vite',
    /unknown option "from", which is 'a'; use "targets: \[\{ from, to \}\]"; known/,
  ],
  [{ transform: String }, 'vite', /unknown option "transform".*use "transform" of a target; known are/],
  [{ overwrite: false }, 'vite', /unknown option "overwrite".*use "overwrite" of a target; known are/],
  [{ minimize: false }, 'webpack', /use "minimize" of a target or of a public directory; known are/],
  [
    { targets: [{ from: 'a', durability: 'full' }] },
    'vite',
    /"durability", which is 'full'; use the option "durability", for all targets; known are from/,
  ],
  [
    { targets: [{ from: 'a', manifest: 'b' }] },
    'vite',
    /unknown target option "manifest", which is 'b'; known are from/,
  ],
  [{ targets: [] }, 'sveltekit', /unknown option "targets".*known are reflink, atomic/],
  [{ cacheDir: 'cache' }, 'sveltekit', /unknown option "cacheDir", which is 'cache'; known are reflink/],
  [{ target: [] }, 'sveltekit', /unknown option "target", which is \[\]; known are reflink/],
  [{ silent: true }, 'sveltekit', /"silent", which is true; use "report: false"; known are reflink/],
  [{ dryRun: true }, 'sveltekit', /unknown option "dryRun"/],
  [{ dryRun: 'yes' }, 'vite', /"dryRun" must be true or false, got 'yes'/],
  [{ publicDir: { dir: 'a', to: '../b' } }, 'vite', /"to" must be a path below the output/],
  [{ publicDir: { dir: 'a', to: 'file:///b' } }, 'vite', /"to" must be a path below the output/],
  [{ publicDir: 'a\0b' }, 'vite', /"publicDir" must be a path/],
  [{ publicDir: 'file:///a' }, 'vite', /, got 'file:\/\/\/a'; give a URL as new URL\('file:\/\/\/a'\)/],
  [{ publicDir: { dir: 'file:///a' } }, 'vite', /"dir" must be a path, got 'file:\/\/\/a'; give a URL as/],
  [{ publicDir: {} }, 'vite', /"dir" must be a path, got undefined/],
  // biome-ignore-start lint/suspicious/noSparseArray: an array with a hole is what is tested
  [{ publicDir: [, 'a'] }, 'vite', /"publicDir" must be a path, .*, got undefined/],
  [{ publicDir: { dir: 'a', ignore: [, 'b'] } }, 'vite', /"ignore" must be a glob or an array of globs/],
  [{ vite: { environments: [, 'ssr'] } }, 'vite', /"vite.environments" must be an array of names/],
  [{ assets: { include: [, '*.wasm'] } }, 'vite', /"include" must be a glob or an array of globs/],
  // biome-ignore-end lint/suspicious/noSparseArray: an array with a hole is what is tested
  [{ targets: [{ from: 'a', minimize: true }] }, 'vite', /has "minimize", which is for webpack only/],
  [
    { targets: [{ from: 'a', to: 'x/[name].[contenthash:8][ext]' }] },
    'rspack',
    /has placeholders in "to", which are for webpack only; elsewhere use a function "rename"/,
  ],
  [{ targets: [{ from: 'a', to: '[name].[ext]' }] }, 'vite', /has placeholders in "to"/],
  [{ targets: [{ from: 'a', rename: '[name]-[hash].js' }] }, 'esbuild', /has placeholders in "rename"/],
  [{ targets: [{ from: 'a', info: [] }] }, 'webpack', /"info" must be an object or a function/],
  [{ vite: { reload: 1 } }, 'vite', /"vite.reload" must be true or false, got 1/],
  [{ rspack: { takeOver: 1 } }, 'rsbuild', /"rspack.takeOver" must be true or false, got 1/],
  [{ rspack: { dev: 'serve' } }, 'rspack', /"rspack" must be an object with takeOver, got/],
  [{ webpack: { dev: 'x' } }, 'webpack', /"webpack.dev" must be 'serve' or 'emit', got 'x'/],
  [{ assets: true }, 'farm', /"assets" is for Vite, Rollup/],
  [
    { targets: [{ from: 'a', preserve: 'mode' }] },
    'rollup',
    /unplugin-reflink \(rollup\): target option "preserve"/,
  ],
  [[], 'vite', /"options" must be an object/],
  ['static', 'vite', /"options" must be an object, got 'static'/],
  [Promise.resolve({}), 'vite', /"options" must be an object, got a promise; await it first$/],
  [{ targets: Promise.resolve([]) }, 'rollup', /"targets" must be a value, got a promise; await it first$/],
  [
    { publicDir: Promise.resolve('a') },
    'esbuild',
    /"publicDir" must be a value, got a promise; await it first$/,
  ],
  [{ vite: Promise.resolve({}) }, 'vite', /"vite" must be a value, got a promise; await it first$/],
  [
    { targets: [Promise.resolve({ from: 'a' })] },
    'rspack',
    /^unplugin-reflink \(rspack\): target option must be an object, got a promise; await it first/,
  ],
  [
    { targets: [{ from: Promise.resolve('a') }] },
    'vite',
    /target option "from" must be .*, got a promise; await it first/,
  ],
  [
    { hooks: {}, webpack: {} },
    'webpack',
    /"plugins" has the function .*; call it: plugins: \[reflink\(\)\]$/,
  ],
])('%j in %s is refused', (given, host, message) =>
  expect(() => resolveOptions(given as Options, host)).toThrow(message),
);

test.each([
  ['webpack', '[name].[contenthash][ext]'],
  ['vite', 'routes/[slug]/[name]'],
  ['vite', 'routes/[ext]'],
])('in %s a target may go to %j', (host, to) =>
  expect(resolveOptions({ targets: [{ from: 'a', to }] }, host).targets).toEqual([{ from: 'a', to }]),
);

test.each([
  ['webpack', true],
  ['rspack', false],
  ['rsbuild', false],
])('in %s, takeOver for webpack alone is %j', (host, takeOver) => {
  expect(resolveOptions({ webpack: { takeOver: true } }, host)).toMatchObject({ takeOver });
  expect(resolveOptions({ rspack: { takeOver: true } }, host)).toMatchObject({ takeOver: !takeOver });
});
