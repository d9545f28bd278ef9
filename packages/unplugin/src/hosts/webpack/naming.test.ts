import type { ListedFile } from 'fs-reflink/list';
import { expect, test } from 'vitest';
import { type ListingContext, nameFiles } from './listing.ts';
import type { WebpackTarget } from './targets.ts';

class RawSource {
  readonly #content: Buffer;
  constructor(content: Buffer) {
    this.#content = content;
  }
  buffer() {
    return this.#content;
  }
}
const context = {
  compilation: { compiler: { webpack: { sources: { RawSource } } } },
  directory: '/dist',
  watch: { sourceOf: (file: string) => ({ file }) },
} as unknown as ListingContext;
const file = (source: string, destination: string): ListedFile => ({
  source,
  destination,
  target: 0,
  link: false,
});
const files = [file('/src/a.txt', '/dist/x/a.txt'), file('/src/b.txt', '/dist/x/b.txt')];
const given = (more: Partial<WebpackTarget> = {}): WebpackTarget => ({
  origin: 'target',
  target: { from: '/src', to: 'x' },
  naming: async ({ below }) => ({ path: `${below}.new?query`, info: { contenthash: below } }),
  ...more,
});

test('the engine gets names for files that have them, without queries, and copies no other file', async () => {
  const { named, target } = await nameFiles(given(), files.slice(0, 1), new Set(), context);
  expect(named!.get('/src/a.txt')).toMatchObject({ name: 'a.txt.new', info: { contenthash: 'a.txt' } });
  const { rename, filter } = target as Required<Pick<typeof target, 'rename' | 'filter'>>;
  expect((rename as (path: string, source: string) => string)('a.txt', '/src/a.txt')).toBe('a.txt.new');
  expect([filter('a.txt', '/src/a.txt'), filter('b.txt', '/src/b.txt')]).toEqual([true, false]);
});

test('of what several patterns of output.copy name, each is copied once, and no two to one name', async () => {
  const pattern = { number: 0, from: '/src' };
  const seen = new Set<string>();
  expect((await nameFiles(given({ pattern }), files, seen, context)).named!.size).toBe(2);
  expect((await nameFiles(given({ pattern }), files, seen, context)).named!.size).toBe(0);
  const other = given({ pattern: { ...pattern, number: 1 } });
  expect((await nameFiles(other, files, seen, context)).named!.size).toBe(2);
  const same = given({ pattern, naming: async () => ({ path: 'one', info: {} }) });
  await expect(nameFiles(same, files, new Set(), context)).rejects.toThrow(
    "multiple files of one pattern of output.copy are copied to 'one'",
  );
});

test('a transform is called once, for the name and for the copy', async () => {
  let calls = 0;
  const transform = (content: Buffer) => {
    calls++;
    return String(content).toUpperCase();
  };
  const source = import.meta.filename;
  const made = await nameFiles(
    given({ target: { from: source, to: 'x', transform } }),
    [file(source, '/dist/x/name.test.ts')],
    new Set(),
    context,
  );
  const bytes = await made.target.transform!(Buffer.from(''), { source, path: 'name.test.ts' });
  expect(String(bytes)).toContain('IMPORT TYPE');
  expect(calls).toBe(1);
  const failing = given({
    target: { from: source, transform: () => Promise.reject(new Error('on purpose')) },
  });
  await expect(nameFiles(failing, [file(source, '/dist/a')], new Set(), context)).rejects.toThrow(
    /ERR_TRANSFORM.*on purpose/,
  );
});
