import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CopyOptions, copy, copySync, plan, type Target } from 'fs-reflink';
import { list, listSync } from 'fs-reflink/list';
import { describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { writeTree } from '../support/trees.ts';
import { contentsOf, refusal, workspace } from './support.ts';

const tree = {
  'in/a.txt': 'a',
  'in/b.md': 'b',
  'in/deep/c.txt': 'c',
  'in/deep/d.md': 'd',
  'more/e.txt': 'e',
};

/** A function that returns its result later, as a promise. */
function later<Answer>(
  answer: (path: string, source: string) => Answer,
): (path: string, source: string) => Promise<Answer> {
  return async (path, source) => {
    await nextTurn();
    return answer(path, source);
  };
}

const isText = (path: string) => path.endsWith('.txt');
const toUpper = (path: string) => path.toUpperCase();

const ways: [name: string, targets: (filter: Target['filter'], rename: Target['rename']) => Target[]][] = [
  ['of a directory', (filter, rename) => [{ from: 'in', to: 'out', filter, rename }] as Target[]],
  ['of a glob', (filter, rename) => [{ from: 'in/**', to: 'out', filter, rename }] as Target[]],
  [
    'of an array',
    (filter, rename) => [{ from: ['in', 'more', 'in/a.txt'], to: 'out', filter, rename }] as Target[],
  ],
  [
    'of one of two targets',
    (filter, rename) =>
      [
        { from: 'more', to: 'out' },
        { from: 'in', to: 'out', filter, rename },
      ] as Target[],
  ],
  ['of a file', (filter, rename) => [{ from: 'in/a.txt', to: 'out', filter, rename }] as Target[]],
  [
    'with a transform',
    (filter, rename) => [{ from: 'in', to: 'out', filter, rename, transform: String }] as Target[],
  ],
];
const options: [name: string, options: CopyOptions][] = [
  ['', {}],
  [', with a manifest', { manifest: 'm', prune: 'placed' }],
  [', to the disk', { durability: 'file' }],
  [', with something to leave', { leave: ['out/B.MD'] }],
];

describe.each(ways)('functions that return promises, %s', (_name, targetsFor) => {
  it.each(options)('do what the same ones do that return at once%s', async (_options, given) => {
    const sync = writeTree(workspace(), tree);
    const cwd = writeTree(workspace(), tree);
    await pastTick();
    const expected = targetsFor(isText, toUpper);
    const targets = targetsFor(later(isText), later(toUpper));
    const count = ({ files, unchanged, links, directories, pruned }: Awaited<ReturnType<typeof copy>>) => ({
      ...{ files, unchanged, links, directories, pruned },
    });
    for (let run = 0; run < 2; run++) {
      expect(count(await plan(targets, { cwd, ...given }))).toEqual(
        count(await plan(expected, { cwd: sync, ...given })),
      );
      const report = await copy(targets, { cwd, ...given });
      expect(count(report)).toEqual(count(await copy(expected, { cwd: sync, ...given })));
      expect(contentsOf(`${cwd}/out`)).toEqual(contentsOf(`${sync}/out`));
      expect(contentsOf(`${cwd}/out`)).toHaveProperty('A.TXT');
    }
    const found = await list(targets, { cwd, ...given });
    const same = await list(expected, { cwd, ...given });
    expect(found).toMatchObject({ files: same.files.map(({ destination }) => ({ destination })) });
  });
});

it('they are asked about 64 files at a time', async () => {
  const names = Array.from({ length: 150 }, (_each, number) => `in/${1000 + number}`);
  const cwd = writeTree(workspace(), Object.fromEntries(names.map((name) => [name, ''])));
  let open = 0;
  let most = 0;
  const filter = async () => {
    most = Math.max(most, ++open);
    await nextTurn();
    open--;
    return true;
  };
  expect(await copy({ from: 'in', to: 'out', filter }, { cwd })).toMatchObject({ files: 150 });
  expect(most).toBe(64);
});

it('one that answers for some files at once is asked about all', async () => {
  const cwd = writeTree(workspace(), tree);
  const filter = (path: string) => (path === 'b.md' ? Promise.resolve(false) : isText(path));
  await copy({ from: 'in', to: 'out', filter }, { cwd });
  expect(Object.keys(contentsOf(`${cwd}/out`)).sort()).toEqual(['a.txt', 'deep', 'deep/c.txt']);
});

it('asks an object with `then` that a function returns for its result once', async () => {
  const cwd = writeTree(workspace(), tree);
  let asked = 0;
  const filter = (path: string) =>
    ({
      // As objects of query builders do, it begins its work when `then` is called.
      // biome-ignore lint/suspicious/noThenProperty: this is the object that is tested
      then(resolve: (wanted: boolean) => void) {
        asked++;
        resolve(isText(path));
      },
    }) as Promise<boolean>;
  expect(await copy({ from: 'in', to: 'out', filter }, { cwd })).toMatchObject({ files: 2 });
  expect(asked).toBe(4);
});

it.each(['filter', 'rename'] as const)('what the promise of %s rejects with ends the copy', async (name) => {
  const cwd = writeTree(workspace(), tree);
  const wrong = new Error('on purpose');
  const target = {
    from: 'in',
    to: 'out',
    [name]: later(() => {
      throw wrong;
    }),
  };
  for (const act of [copy, plan, list]) await expect(act(target, { cwd })).rejects.toBe(wrong);
  const falsy = { ...target, [name]: () => Promise.reject(undefined) };
  for (const act of [copy, plan, list])
    expect((await refusal(() => act(falsy, { cwd }))).code).toBe('ERR_THROWN');
});

it('a promise of something that is no path is refused', async () => {
  const cwd = writeTree(workspace(), tree);
  const rename = later(() => '') as Target['rename'];
  const copying = copy({ from: 'in', to: 'out', rename: rename! }, { cwd });
  await expect(copying).rejects.toThrow('rename must return a path, got \'\' for "a.txt"');
});

it('a signal ends the wait for a function that never answers', async () => {
  const cwd = writeTree(workspace(), tree);
  const ending = new AbortController();
  const filter = () => {
    setImmediate(() => ending.abort());
    return new Promise<boolean>(() => {});
  };
  const copying = copy({ from: 'in', to: 'out', filter }, { cwd, signal: ending.signal });
  await expect(copying).rejects.toMatchObject({ code: 'ABORT_ERR' });
});

it('a function that throws after it has promised ends the copy with what it threw', async () => {
  const cwd = writeTree(workspace(), tree);
  const filter = (path: string) => {
    if (path === 'b.md') throw new Error('thrown');
    return Promise.reject(new Error('promised'));
  };
  await expect(copy({ from: 'in', to: 'out', filter }, { cwd })).rejects.toThrow('thrown');
  await nextTurn();
});

it.each([
  ['copySync', copySync, 'use copy'],
  ['listSync', listSync, 'use list'],
] as const)('%s cannot wait, and says what can', (name, act, remedy) => {
  const cwd = writeTree(workspace(), tree);
  for (const target of [
    { from: 'in', to: 'out', filter: () => Promise.reject(new Error('late')) },
    { from: 'in', to: 'out', rename: later(toUpper) },
  ]) {
    const option = 'filter' in target ? 'filter' : 'rename';
    const message = `fs-reflink: ${name} cannot wait, and target option "${option}" returned a promise for "a.txt"; ${remedy}`;
    expect(() => act(target, { cwd })).toThrow(message);
  }
});
