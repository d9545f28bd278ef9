import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CopyError } from 'fs-reflink/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explainByBundle, writtenBundle } from './written.ts';

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-written-')));
  for (const name of ['public/a.js', 'public/b.js', 'public/deep/c.js', 'dist/a.js']) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), '');
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const written = (names: string[], to = '.') =>
  writtenBundle(
    names,
    { publicTargets: [{ from: join(root, 'public'), to }], targets: [] },
    join(root, 'dist'),
  );
const explain = (error: unknown, names: string[]) =>
  explainByBundle(error, names, { targets: [] }, join(root, 'dist')) as Error;
/** The public files that are not copied. */
const leftOut = (bundle: ReturnType<typeof writtenBundle>) => {
  const { filter } = bundle.publicTargets[0]!;
  const names = ['a.js', 'b.js', 'deep/c.js'];
  return filter ? names.filter((name) => !filter(name, join(root, 'public', name))) : 'none asked for';
};

test.each<[what: string, names: string[], to: string | undefined, found: string[] | string]>([
  ['a file of the same name', ['a.js'], undefined, ['a.js']],
  ['a file below', ['deep/c.js', 'other.js'], undefined, ['deep/c.js']],
  ['a file of that name elsewhere', ['x/a.js'], undefined, 'none asked for'],
  ['a file of that name where the directory goes', ['x/a.js'], 'x', ['a.js']],
  ['no file', [], undefined, 'none asked for'],
])('of a public directory is left out what the bundle has too: %s', (_what, names, to, found) =>
  expect(leftOut(written(names, to))).toEqual(found),
);

test('what is left out is reported', () => {
  const bundle = written(['a.js']);
  expect(bundle.collisions).toEqual([]);
  leftOut(bundle);
  expect(bundle.collisions.map(({ message }) => message)).toEqual([
    "a.js is both in the public directory and in the bundle; the bundle's is kept",
  ]);
});

test('an error about a file that is in the way says that it is of the bundle, if it is', () => {
  const error = (name: string) =>
    new CopyError({
      code: 'EEXIST',
      reason: 'it exists',
      source: '/a',
      destination: join(root, 'dist', name),
    });
  expect(explain(error('a.js'), ['a.js']).message).toContain('the bundle has a file of this name');
  expect(explain(error('b.js'), ['a.js']).message).toContain('it exists');
  const other = new Error('on purpose');
  expect(explain(other, ['a.js'])).toBe(other);
});

test.each([
  ['ENOTDIR', 'a.js/x.txt', /a\.js": EISDIR: the bundle has a file of this name, and this is a directory/],
  ['EISDIR', 'assets', /assets": ENOTDIR: the bundle has a directory of this name/],
  ['EISDIR', 'other', /EISDIR: in the way/],
  ['EISDIR', 'a.js', /EISDIR: in the way/],
  ['ENOTDIR', 'b.js/x.txt', /ENOTDIR: in the way/],
])('%s at %j: an error says whether what is in the way is of the bundle', (code, name, message) => {
  const destination = join(root, 'dist', name);
  const error = new CopyError({ code, reason: 'in the way', source: '/a', destination });
  expect(explain(error, ['a.js', 'assets/b.js']).message).toMatch(message);
});
