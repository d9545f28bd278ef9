import { expect, test } from 'vitest';
import { hideFromReaders } from './hiding.ts';

interface Tap {
  name: string;
  type: string;
  fn(assets: unknown): Promise<unknown>;
}

/** Registers a tap in a compilation in which `a` and `b` are copied. Returns the tap that webpack runs in its place. */
function registered(name: string, type: string, fn: Tap['fn'] = async () => 'result') {
  let register: (tap: Tap) => Tap = (tap) => tap;
  const intercept = (given: { register: typeof register }) => {
    register = given.register;
  };
  const [a, b, c] = ['a', 'b', 'c'].map((each) => ({ name: each, source: { each } as never }));
  const compilation = {
    assets: { a: a!.source, b: b!.source, c: c!.source },
    hooks: { processAssets: { intercept } },
  };
  const names = () => Object.keys(compilation.assets).sort();
  let seen: string[] | undefined;
  hideFromReaders(compilation as never, () => [a!, b!]);
  const given: Tap = {
    name,
    type,
    fn(assets) {
      seen = names();
      return fn(assets);
    },
  };
  return { tap: register(given), given, names, seen: () => seen };
}

test.each(['analyzableChunkNaming', 'RealContentHashPlugin'])(
  'files are no assets while %s reads all of them, and are assets again afterwards',
  async (name) => {
    const { tap, names, seen } = registered(name, 'promise');
    expect(await tap.fn({})).toBe('result');
    expect(seen()).toEqual(['c']);
    expect(names()).toEqual(['a', 'b', 'c']);
    const failing = registered(name, 'promise', () => Promise.reject(new Error('on purpose')));
    await expect(failing.tap.fn({})).rejects.toThrow('on purpose');
    expect(failing.names()).toEqual(['a', 'b', 'c']);
  },
);

test.each([
  ['another tap', 'SomePlugin', 'promise'],
  ['one of another kind', 'analyzableChunkNaming', 'sync'],
])('%s sees them', (_what, name, type) => {
  const { tap, given } = registered(name, type);
  expect(tap).toBe(given);
});
