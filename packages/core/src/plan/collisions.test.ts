import { expect, it, test, vi } from 'vitest';
import type { Folder } from '../model/files.ts';
import { fold } from '../platform/spelling.ts';
import { CollisionCheck, hasOwnNames, resolveOverlaps } from './collisions.ts';
import { SameNames } from './same-names.ts';

const COMPOSED = 'caf\u00e9.txt';
const DECOMPOSED = 'cafe\u0301.txt';

test.each([
  ['README', 'readme'],
  [COMPOSED, DECOMPOSED],
  ['CAF\u00c9.TXT', DECOMPOSED],
  ['stra\u00dfe', 'STRASSE'],
  ['\u03c3\u03c2', '\u03a3\u03a3'],
  ['\u212aelvin', 'kelvin'],
])('%s and %s fold to one name', (one, other) => {
  expect(fold(one)).toBe(fold(other));
});

test.each([
  ['a', 'b'],
  ['cafe', 'caf\u00e9'],
  ['a.b', 'a_b'],
])('%s and %s do not', (one, other) => {
  expect(fold(one)).not.toBe(fold(other));
});

/** Names on a filesystem that ignores the case of letters and the form of accents, or on one that ignores neither. */
function namesThat(areSame: boolean) {
  const names = new SameNames(false);
  const isSamePath = vi.fn(
    (one: string, other: string) => one === other || (areSame && fold(one) === fold(other)),
  );
  return Object.assign(names, { isSamePath });
}

const target = {
  given: 's',
  from: '/s',
  to: '/d',
  base: undefined,
  ignore: [],
  flatten: false,
  exact: false,
};

function folder(below: string, names: string[], more: Partial<Folder> = {}): Folder {
  return { source: `/s/${below}`, root: '/d', below, names, target, ...more };
}

const alike = { alike: true };

/** Folders with a collision, in the order in which the scan finds them. */
const colliding: [string, Folder[], first: string, second: string][] = [
  ['in one directory', [folder('', ['README', 'x', 'readme'])], '/s/README', '/s/readme'],
  ['by the form of accents', [folder('', [COMPOSED, DECOMPOSED])], `/s/${COMPOSED}`, `/s/${DECOMPOSED}`],
  [
    'in directories',
    [folder('Doc', ['a', 'c'], alike), folder('doc', ['a', 'b'], alike)],
    '/s/Doc/a',
    '/s/doc/a',
  ],
  [
    'further below',
    [folder('Doc/x', ['a'], alike), folder('doc/x', ['A'], alike)],
    '/s/Doc/x/a',
    '/s/doc/x/A',
  ],
];

it.each(colliding)('two files for one place are found, %s', (_name, folders, first, second) => {
  const found = {
    code: 'ERR_COLLISION',
    source: second,
    message: expect.stringContaining(JSON.stringify(first)),
  };
  const run = (areSame: boolean) => {
    const check = new CollisionCheck(namesThat(areSame));
    for (const each of folders) check.add(each);
  };
  expect(() => run(true)).toThrow(expect.objectContaining(found));
  expect(() => run(false)).not.toThrow();
  const rules = (areSame: boolean) => ({ overwrite: true, names: namesThat(areSame) });
  expect(() => resolveOverlaps(folders, rules(true))).toThrow(expect.objectContaining(found));
  expect(resolveOverlaps(folders, rules(false))).toEqual(folders);
});

it('directories that become one, without a file in common, are none', () => {
  const check = new CollisionCheck(namesThat(true));
  for (const [below, name] of [
    ['Doc', 'a'],
    ['doc', 'b'],
    ['doc/x', 'a'],
  ] as const)
    check.add(folder(below, [name], alike));
});

it('the filesystem is not asked where all names differ', () => {
  const names = namesThat(true);
  const check = new CollisionCheck(names);
  for (const each of [folder('', ['a', 'b', 'ä']), folder('A', ['a', 'b']), folder('b', [])]) check.add(each);
  expect(names.isSamePath).not.toHaveBeenCalled();
});

it('a target that says who stays has it decided before anything is copied', () => {
  const says = (overwrite: boolean) => ({ ...target, overwrite });
  expect([hasOwnNames([target]), hasOwnNames([says(true)]), hasOwnNames([says(false)])]).toEqual([
    true,
    false,
    false,
  ]);
  for (const overwrite of [true, false]) {
    const folders = [{ ...folder('', ['README', 'x', 'readme']), target: says(overwrite) }];
    const [resolved] = resolveOverlaps(folders, { overwrite: true, names: namesThat(true) });
    expect(resolved!.names).toEqual(overwrite ? ['x', 'readme'] : ['README', 'x']);
  }
});
