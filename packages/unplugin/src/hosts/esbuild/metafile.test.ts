import type { BuildOptions, BuildResult } from 'esbuild';
import { expect, test } from 'vitest';
import { hideMetafile, metafileOf, requestMetafile } from './metafile.ts';

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
