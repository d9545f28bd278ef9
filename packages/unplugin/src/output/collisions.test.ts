import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Planned, PlannedFile, Target } from 'fs-reflink';
import { CopyError } from 'fs-reflink/host';
import { expect, test } from 'vitest';
import {
  collisionMessage,
  collisionWithBundle,
  findCollisions,
  nameTaken,
  overlapMessages,
} from './collisions.ts';

const directory = join(tmpdir(), 'no-such-output');
const at = (name: string, target: number): PlannedFile => ({
  source: `/sources/${target}/${name}`,
  destination: join(directory, name),
  target,
});
/** An output with a public directory, an imported file, and two targets. */
const output = {
  publicTargets: [{ from: '/sources/0' }],
  assets: [{ from: '/sources/1' }],
  targets: [{ from: '/sources/2' }, { from: '/sources/3', overwrite: false }] as Target<string>[],
};
const plannedOf = (files: PlannedFile[]): Planned => ({
  files: files.length,
  find: (paths) => files.filter(({ destination }) => [...paths].includes(destination)),
  findInside: (paths) =>
    files.filter(({ destination }) => [...paths].some((each) => destination.startsWith(`${each}/`))),
  findDirectories: () => [],
  entries: () => [],
});

test.each<[what: string, number: number, message: string | undefined, wins: boolean]>([
  ['a public file', 0, "a.js is both in the public directory and in the bundle; the bundle's is kept", false],
  ['an imported file', 1, undefined, false],
  ['a file of a target', 2, "a.js is both in the targets and in the bundle; the target's is kept", true],
  [
    'a file of a target with overwrite: false',
    3,
    "a.js is both in the targets and in the bundle; the bundle's is kept",
    false,
  ],
])('%s of a name that the bundle has too', (_what, number, message, wins) => {
  const found = findCollisions(plannedOf([at('a.js', number), at('b.js', number)]), output, directory, [
    'a.js',
  ]);
  expect(found.map((each) => each.message)).toEqual(message === undefined ? [] : [message]);
  expect(found.some(({ target }) => target !== undefined)).toBe(wins);
});

test.each<[what: string, ours: string, target: number, bundle: string, message: RegExp]>([
  [
    'a directory of the name of a file of the bundle',
    'a.js/b/c.txt',
    0,
    'a.js',
    /c\.txt" to ".*a\.js": EISDIR: the bundle has a file of this name, and this is a directory; rename it/,
  ],
  [
    'a file of the name of a directory of the bundle',
    'assets',
    2,
    'assets/deep/a.js',
    /assets" to ".*assets": ENOTDIR: the bundle has a directory of this name; rename the file/,
  ],
])('%s is refused', (_what, ours, target, bundle, message) => {
  const find = (from: number) =>
    findCollisions(plannedOf([at('x/a.js', 0), at(ours, from)]), output, directory, ['x.js', bundle]);
  expect(() => find(target)).toThrow(message);
  // An imported file belongs to the bundle.
  expect(find(1)).toEqual([]);
});

test("a target with overwrite: 'error' refuses a name of the bundle", () => {
  const file = at('a.js', 2);
  const collide = () =>
    collisionWithBundle(file, file.destination, directory, { from: file.source, overwrite: 'error' });
  expect(collide).toThrow(CopyError);
  expect(collide).toThrow(/EEXIST.*the bundle has a file of this name/);
});

test.each(['public', 'bundle', 'target'] as const)(
  'the error for a name that a file of origin %j has',
  (by) =>
    expect(nameTaken(at('a.js', 2), by).message).toContain(
      { public: 'the public directory has', bundle: 'the bundle has', target: 'an earlier target has' }[by],
    ),
);

test.each<[what: string, kept: PlannedFile, left: PlannedFile, messages: string[]]>([
  ['two targets: the later one wins, as is meant', at('a', 3), at('a', 2), []],
  [
    'two targets, of names that only the filesystem takes for one',
    at('A', 3),
    at('a', 2),
    ['a and A are one file in the output, whose filesystem takes both names for one; /sources/3/A is kept'],
  ],
  [
    'a public directory and a target that wins',
    at('a', 2),
    at('a', 0),
    [collisionMessage('a', ['public', 'target'], 'target')],
  ],
  [
    'a public directory and a target with overwrite: false',
    at('a', 0),
    at('a', 3),
    [collisionMessage('a', ['public', 'target'], 'public')],
  ],
])('files of one name, of %s', (_what, kept, left, messages) =>
  expect([...overlapMessages([{ kept, left }], output, directory).values()]).toEqual(messages),
);
