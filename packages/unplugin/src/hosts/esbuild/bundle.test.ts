import type { BuildResult, Metafile } from 'esbuild';
import { expect, test } from 'vitest';
import { bundlePaths, listOutputs } from './bundle.ts';

const metafile = (): Metafile => ({
  inputs: {},
  outputs: { 'dist/a.js': { bytes: 1, inputs: {}, imports: [], exports: [] } },
});

test('the files of a bundle are those that the metafile names', () => {
  expect(bundlePaths({ metafile: metafile() } as BuildResult, '/root')).toEqual(['/root/dist/a.js']);
  expect(bundlePaths({} as BuildResult, '/root')).toEqual([]);
});

test('what is copied is listed in the metafile, with its size; what was deleted is not', () => {
  const given = metafile();
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
