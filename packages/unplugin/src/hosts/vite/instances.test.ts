import { expect, test } from 'vitest';
import { NAME } from '../../options/name.ts';
import type { Options } from '../../options/options.ts';
import { resolveOptions } from '../../options/resolve-options.ts';
import { commonOptions } from './instances.ts';
import { SERVE_NAME } from './names.ts';

const instances = (...given: Options[]) => given.map((each) => resolveOptions(each, 'vite'));
const pluginsOf = (all: object[], name = NAME) => [{ name: 'other' }, ...all.map((api) => ({ name, api }))];

test('one instance has its own options, in each environment those that are meant for it', () => {
  const [own] = instances({ targets: [{ from: 'a' }] });
  expect(commonOptions('client', pluginsOf([own!]), own!)).toBe(own);
  expect(commonOptions('ssr', pluginsOf([own!]), own!)).toMatchObject({ targets: [] });
});

test('of several the first does what all of them name, and the others nothing', () => {
  const all = instances(
    { targets: [{ from: 'a' }] },
    { targets: [{ from: 'b' }], vite: { reload: true } },
    { publicDir: 'static' },
  );
  const chosen = commonOptions('client', pluginsOf(all, SERVE_NAME), all[0]!)!;
  expect(chosen.targets.map(({ from }) => from)).toEqual(['a', 'b']);
  expect(chosen).toMatchObject({ reload: true, publicDirs: [{ dir: 'static' }] });
  for (const other of all.slice(1)) expect(commonOptions('client', pluginsOf(all), other)).toBeUndefined();
});

test.each<[what: string, one: Options, other: Options, publicDirs: unknown]>([
  ["Vite's, where nobody names one", {}, {}, undefined],
  ["Vite's, where one leaves it to Vite and the other has none", {}, { publicDir: false }, undefined],
  ['none, where all say so', { publicDir: false }, { publicDir: false }, []],
])('the public directory of several instances is %s', (_what, one, other, publicDirs) => {
  const all = instances(one, other);
  expect(commonOptions('client', pluginsOf(all), all[0]!)!.publicDirs).toEqual(publicDirs);
});

test.each<[one: Options, other: Options, message: string]>([
  [{ reflink: 'never' }, {}, 'different options "reflink"'],
  [{ atomic: true, reflink: 'never' }, { atomic: false }, 'different options "atomic", "reflink"'],
  [{ assets: true }, {}, 'different options "assets"'],
  [{ dryRun: true }, {}, 'different options "dryRun"'],
])('instances with %j and %j are refused', (one, other, message) => {
  const all = instances(one, other);
  expect(() => commonOptions('client', pluginsOf(all), all[0]!)).toThrow(message);
});

test('no instance that is meant for an environment', () => {
  const all = instances({ vite: { environments: ['ssr'] } }, { vite: { environments: ['edge'] } });
  expect(commonOptions('client', pluginsOf(all), all[0]!)).toBeUndefined();
});
