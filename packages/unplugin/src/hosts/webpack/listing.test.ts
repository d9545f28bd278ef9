import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolveOptions } from '../../options/resolve-options.ts';
import { type ListingContext, listFiles } from './listing.ts';
import type { WebpackTarget } from './targets.ts';

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-listing-')));
  mkdirSync(join(root, 'src/deep'), { recursive: true });
  for (const name of ['src/a.txt', 'src/b.txt', 'src/deep/c.txt']) writeFileSync(join(root, name), '');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function listed(targets: WebpackTarget[], ignored: string[] = []) {
  const ignore = { call: (name: string) => ignored.some((each) => name.endsWith(each)) };
  const context = {
    compilation: {
      compiler: {
        context: root,
        webpack: {
          sources: { RawSource: Object },
          CopyPlugin: { getCompilationHooks: () => ({ ignore }) },
        },
      },
    },
    directory: join(root, 'dist'),
    watch: { sourceOf: (file: string) => ({ file, size: () => 0 }) },
  } as unknown as ListingContext;
  const { assets, warnings, silent } = await listFiles(targets, resolveOptions({}, 'webpack'), context);
  return { names: assets.map(({ name }) => name).sort(), warnings, silent };
}

const plain = (from: string, to = '.'): WebpackTarget => ({
  origin: 'target',
  target: { from: join(root, from), to },
});
const pattern = (from: string): WebpackTarget => ({
  ...plain(from),
  pattern: { number: 0, from },
  naming: async ({ below }) => ({ path: below, info: {} }),
});

test('assets are the files below the output; what is copied elsewhere is none', async () => {
  const { names, warnings } = await listed([plain('src'), plain('src/a.txt', 'x'), plain('src/b.txt', root)]);
  expect(names).toEqual(['a.txt', 'b.txt', 'deep/c.txt', 'x/a.txt']);
  expect(warnings).toEqual([]);
});

test('names of webpack’s take the place of the engine’s', async () => {
  const naming = async ({ below }: { below: string }) => ({ path: `${below}.new`, info: {} });
  const { names } = await listed([{ ...plain('src/*.txt'), naming }]);
  expect(names).toEqual(['a.txt.new', 'b.txt.new']);
});

test('a glob that leaves directories out is warned of, but not where it is a pattern of output.copy', async () => {
  expect((await listed([plain('src/*')])).warnings).toEqual([expect.stringContaining('matches 1 directory')]);
  const { names, warnings, silent } = await listed([pattern('src/*')]);
  expect(names).toEqual(['a.txt', 'b.txt']);
  expect([warnings, silent]).toEqual([[expect.stringContaining('matches 1 directory')], silent]);
  expect(silent).toHaveLength(1);
});

test('of a pattern is left out what other plugins want to be left alone; if nothing is left, it is warned of', async () => {
  expect((await listed([pattern('src/**')], ['b.txt'])).names).toEqual(['a.txt', 'deep/c.txt']);
  const { names, warnings } = await listed([pattern('src/a.txt')], ['a.txt']);
  expect([names, warnings]).toEqual([[], ["nothing matches 'src/a.txt' of output.copy, no file is copied"]]);
});
