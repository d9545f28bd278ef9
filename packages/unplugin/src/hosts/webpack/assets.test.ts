import { expect, test } from 'vitest';
import type { AssetOptions } from '../../options/options.ts';
import { infoOf } from './assets.ts';
import type { FileAsset } from './listing.ts';

const asset = (name: string, options: AssetOptions = {}): FileAsset => ({
  name,
  file: { source: `/root/src/${name}`, destination: `/root/dist/${name}`, target: 0, link: false },
  source: { size: () => 5 } as never,
  given: { origin: 'target', target: { from: 'src' }, asset: options },
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
  expect(infoOf(asset(name, minimize === undefined ? {} : { minimize }), '/root').minimized ?? false).toBe(
    minimized,
  );
});

test('an asset says where it is from, how large it is, and what its target and its name add', () => {
  const info = (file: { name: string; source: string }) => ({
    immutable: true,
    from: `${file.name} ${file.source}`,
  });
  const named = { ...asset('a.txt', { info }), info: { contenthash: 'abc' } };
  expect({ ...infoOf(named, '/root') }).toEqual({
    copied: true,
    sourceFilename: 'src/a.txt',
    size: 5,
    contenthash: 'abc',
    immutable: true,
    from: 'a.txt /root/src/a.txt',
  });
});
