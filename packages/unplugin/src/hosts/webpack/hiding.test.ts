import { expect, test } from 'vitest';
import { HiddenAssets, hideFromSearch } from './hiding.ts';

interface Tap {
  name: string;
  type: string;
  fn(assets: unknown): Promise<unknown>;
}

/** Registers a tap. Returns the tap that webpack runs in its place, and a log of the calls. */
function registered(name: string, type: string, fn: Tap['fn'] = async () => 'result') {
  let register: (tap: Tap) => Tap = (tap) => tap;
  const intercept = (given: { register: typeof register }) => {
    register = given.register;
  };
  const log: string[] = [];
  const files = { hide: () => void log.push('hide'), show: () => void log.push('show') };
  hideFromSearch({ hooks: { processAssets: { intercept } } } as never, files);
  const given = { name, type, fn };
  return { tap: register(given), given, log };
}

test('files are no assets while webpack looks for the names of chunks in all of them', async () => {
  const { tap, log } = registered('analyzableChunkNaming', 'promise');
  expect(await tap.fn({})).toBe('result');
  expect(log).toEqual(['hide', 'show']);
  const failing = registered('analyzableChunkNaming', 'promise', () =>
    Promise.reject(new Error('on purpose')),
  );
  await expect(failing.tap.fn({})).rejects.toThrow('on purpose');
  expect(failing.log).toEqual(['hide', 'show']);
});

test.each([
  ['another tap', 'SomePlugin', 'promise'],
  ['one of another kind', 'analyzableChunkNaming', 'sync'],
])('%s sees them', (_what, name, type) => {
  const { tap, given } = registered(name, type);
  expect(tap).toBe(given);
});

test('hidden files are no assets until they are shown, but for those that were deleted meanwhile', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name, source: { name } as never }));
  const compilation = { assets: { a: a!.source, b: b!.source, c: c!.source } };
  const hidden = new HiddenAssets(compilation, () => [a!, b!]);
  hidden.hide();
  expect([Object.keys(compilation.assets), hidden.has('a'), hidden.has('c')]).toEqual([['c'], true, false]);
  expect([hidden.delete('b'), hidden.delete('c')]).toEqual([true, false]);
  hidden.show();
  expect(Object.keys(compilation.assets).sort()).toEqual(['a', 'c']);
  expect(hidden.has('a')).toBe(false);
});
