import { expect, test } from 'vitest';
import type { Options } from '../options/options.ts';
import { resolveOptions } from '../options/resolve-options.ts';

test.each(['vite', 'rollup', 'rolldown', 'esbuild', 'webpack', 'rspack', 'rsbuild'])(
  'assets is an option of %s',
  (host) => {
    expect(resolveOptions({}, host).assets).toBeUndefined();
    expect(resolveOptions({ assets: false }, host).assets).toBeUndefined();
    expect(resolveOptions({ assets: true }, host).assets).toEqual({
      include: undefined,
      exclude: [],
      minSize: 262_144,
    });
    const given = { include: 'a/**', exclude: ['a/b'], minSize: 0 };
    expect(resolveOptions({ assets: given }, host).assets).toEqual({ ...given, include: ['a/**'] });
  },
);

test.each([true, false, {}])('a host without support refuses assets: %s by name', (assets) => {
  for (const host of ['farm', 'bun'])
    expect(() => resolveOptions({ assets }, host)).toThrow(
      new RegExp(`^unplugin-reflink \\(${host}\\): option "assets" is for .* only, got `),
    );
});

test.each([
  [
    'a glob',
    '*.mp4',
    /option "assets" must be true, false or \{ include, exclude, minSize \}, got '\*\.mp4'/,
  ],
  ['null', null, /must be true, false or/],
  ['an array', ['*.mp4'], /must be true, false or/],
  ['an unknown one in it', { maxSize: 1 }, /must be true, false or .*, got \{ maxSize: 1 \}/],
  ['a number for a glob', { include: 1 }, /"include" must be a glob or an array of globs/],
  ['an empty glob', { exclude: ['a', ''] }, /"exclude" must be a glob or an array of globs/],
  ['a negative size', { minSize: -1 }, /"minSize" must be a number of bytes, 0 or more, got/],
  ['half a byte', { minSize: 0.5 }, /"minSize" must be/],
  ['a size in words', { minSize: '1 MB' }, /"minSize" must be/],
])('%s is refused', (_what, assets, message) => {
  expect(() => resolveOptions({ assets } as Options, 'rollup')).toThrow(message);
});
