import type { ListedFile } from 'fs-reflink/list';
import { expect, test } from 'vitest';
import { describe, withSource } from './describe.ts';
import type { ListingContext, WebpackTarget } from './targets.ts';

const sourceOf = (size: number) => ({ size: () => size }) as never;
const context = {
  compilation: {
    compiler: {
      context: '/root',
      webpack: {
        sources: {
          RawSource: class {
            size = () => 0;
          },
        },
      },
    },
  },
  directory: '/root/dist',
  watch: { sourceOf: () => sourceOf(5) },
} as unknown as ListingContext;
const file = (name: string, link = false): ListedFile => ({
  source: `/root/src/${name}`,
  destination: `/root/dist/${name}`,
  target: 0,
  link,
});
const target = (more: Partial<WebpackTarget> = {}): WebpackTarget => ({
  kind: 'target',
  target: { from: 'src' },
  ...more,
});

test.each<[name: string, minimize: boolean | undefined, minimized: boolean]>([
  ['a.js', undefined, true],
  ['a.MJS', undefined, true],
  ['a.cjs', undefined, true],
  ['a.css', undefined, false],
  ['a.json', undefined, false],
  ['a.js', true, false],
  ['a.css', false, true],
])('%s, with minimize %j, is marked as minimized: %j', (name, minimize, minimized) => {
  const { info } = describe(name, file(name), target({ minimize }), context);
  expect(info.minimized ?? false).toBe(minimized);
});

test('an asset says where it is from, how large it is, and what its target adds', () => {
  const info = (name: string, { source }: ListedFile) => ({ immutable: true, from: `${name} ${source}` });
  const asset = describe('a.txt', file('a.txt'), target({ info }), context);
  expect({ ...asset.info }).toEqual({
    copied: true,
    sourceFilename: 'src/a.txt',
    size: 5,
    immutable: true,
    from: 'a.txt /root/src/a.txt',
  });
  const changed = withSource(asset, sourceOf(7));
  expect(changed.info.size).toBe(7);
  expect(withSource(changed, changed.source)).toBe(changed);
});

test('a name of webpack’s has its own information, and a link no content', () => {
  const named = new Map([
    ['/root/src/a.txt', { name: 'b.txt', info: { contenthash: 'abc' }, source: sourceOf(9) }],
  ]);
  expect(describe('b.txt', file('a.txt'), target({ named }), context).info).toMatchObject({
    contenthash: 'abc',
    size: 9,
  });
  expect(describe('a.txt', file('a.txt', true), target(), context).source.size()).toBe(0);
});
