import type { BuildOptions, BuildResult, Metafile } from 'esbuild';
import { expect, test } from 'vitest';
import { bundlePaths, hideMetafile, listOutputs, metafileOf, requestMetafile } from './metafile.ts';

test.each<[what: string, given: BuildOptions, asked: boolean, before: unknown]>([
  ['nobody asks for it', {}, false, undefined],
  ['the user declines it', { metafile: false }, false, false],
  ['the user asks for it', { metafile: true }, true, true],
])(
  'esbuild makes a metafile where %s, and the options are as before afterwards',
  (_what, options, asked, before) => {
    const has = 'metafile' in options;
    const request = requestMetafile(options);
    expect([options.metafile, request.isAsked]).toEqual([true, asked]);
    request.end();
    expect([options.metafile, 'metafile' in options]).toEqual([before, has]);
  },
);

test('another plugin that asks for it gets it', () => {
  const options: BuildOptions = {};
  const request = requestMetafile(options);
  options.metafile = true;
  expect(request.isAsked).toBe(true);
  request.end();
  expect(options.metafile).toBe(true);
});

test('of several instances in one build the last one that ends restores the options', () => {
  const options: BuildOptions = {};
  const [one, other] = [requestMetafile(options), requestMetafile(options)];
  one.end();
  one.end();
  expect(options.metafile).toBe(true);
  other.end();
  expect('metafile' in options).toBe(false);
});

test('a metafile that is hidden is known to the plugin alone', () => {
  const metafile = { inputs: {}, outputs: {} };
  const result = { metafile } as unknown as BuildResult;
  hideMetafile(result);
  expect(result.metafile).toBeUndefined();
  expect(metafileOf(result)).toBe(metafile);
  expect(metafileOf({} as BuildResult)).toBeUndefined();
});

const metafileOfBuild = (): Metafile => ({
  inputs: {},
  outputs: { 'dist/a.js': { bytes: 1, inputs: {}, imports: [], exports: [] } },
});

test('the files of a bundle are those that the metafile names', () => {
  expect(bundlePaths({ metafile: metafileOfBuild() } as BuildResult, '/root')).toEqual(['/root/dist/a.js']);
  expect(bundlePaths({} as BuildResult, '/root')).toEqual([]);
});

test('what is copied is listed in the metafile, with its size; what was deleted is not', () => {
  const given = metafileOfBuild();
  const unchanged = import.meta.filename;
  listOutputs(
    given,
    [
      { destination: '/root/dist/b.txt', action: 'copied', bytes: 5 },
      { destination: '/root/dist/c.txt', action: 'pruned', bytes: 0 },
      { destination: '/root/dist/d.txt', action: 'unchanged', bytes: 0 },
      { destination: unchanged, action: 'unchanged', bytes: 0 },
    ],
    '/root',
  );
  const bytes = Object.values(given.outputs).map((each) => each.bytes);
  expect(Object.keys(given.outputs).slice(0, 3)).toEqual(['dist/a.js', 'dist/b.txt', 'dist/d.txt']);
  expect(bytes.slice(0, 3)).toEqual([1, 5, 0]);
  expect(bytes[3]).toBeGreaterThan(100);
  expect(() => listOutputs(undefined, [], '/root')).not.toThrow();
});
