import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { workspace } from '../../../../test/core/support.ts';
import { pastTick } from '../../../../test/support/clock.ts';
import { directory, writeTree } from '../../../../test/support/trees.ts';
import { copy } from '../copy.ts';
import { loadSystem } from '../platform/load.ts';
import { Manifest } from './manifest.ts';
import { UnchangedDetector } from './unchanged-detector.ts';

const FINGERPRINT = JSON.stringify([['mode', 'timestamps'], 'follow', 'auto']);

let cwd: string;
const at = (name: string) => path.join(cwd, name);

beforeEach(async () => {
  cwd = writeTree(workspace(), {
    'in/a': 'aaa',
    'in/b': 'bbb',
    'in/deep/c': 'ccc',
    'in/deep/er/d': 'ddd',
    'in/z': 'zzz',
    elsewhere: directory(),
  });
  await pastTick();
  await copy({ from: 'in', to: 'out' }, { cwd, manifest: 'manifest' });
});

function recall(name = '', { lists = true } = {}) {
  const warn = (message: string) => expect.unreachable(message);
  const manifest = Manifest.read(at('manifest'), cwd, FINGERPRINT, warn);
  expect(manifest.folders.size).toBe(3);
  const memory = new UnchangedDetector(manifest, loadSystem(), lists);
  const recalled = memory.recall(path.join(cwd, 'in', name), path.join(cwd, 'out', name), at('out'));
  if (!recalled) return undefined;
  const { files, directories, others, alone } = recalled;
  return { files: files.toSorted(), directories, others: others.toSorted(), alone };
}

/** Changes the content of a file, with the same size and modification time. */
function changeUnseen(name: string): void {
  const { atime, mtime, size } = fs.statSync(at(name));
  fs.writeFileSync(at(name), 'x'.repeat(size));
  fs.utimesSync(at(name), atime, mtime);
}

function replaceByLink(name: string, to: string): void {
  fs.renameSync(at(name), at(to));
  fs.symlinkSync(at(to), at(name));
}

const ALL = { files: ['a', 'b', 'z'], directories: ['deep'], others: [], alone: true };

describe('a directory as it was left', () => {
  it('is recalled with what is in it', () => {
    expect(recall()).toEqual(ALL);
    expect(recall('deep')).toEqual({ files: ['c'], directories: ['er'], others: [], alone: true });
    expect(recall('deep/er')).toEqual({ files: ['d'], directories: [], others: [], alone: true });
  });

  it('is recalled beside something else, and that is told where it matters', () => {
    fs.writeFileSync(at('out/index.html'), 'bundle');
    expect(recall()).toEqual({ ...ALL, alone: false });
    expect(recall('', { lists: false })).toEqual({ ...ALL, alone: false });
    expect(recall('deep')).toMatchObject({ alone: true });
  });

  it('is recalled when the destination as a whole is behind a link', () => {
    replaceByLink('out', 'elsewhere/out');
    expect(recall()).toEqual(ALL);
    expect(recall('deep')).toMatchObject({ files: ['c'] });
  });

  it('is recalled although something changed further down', () => {
    changeUnseen('in/deep/er/d');
    expect(recall()).toEqual(ALL);
    expect(recall('deep')).toMatchObject({ files: ['c'], others: [] });
    expect(recall('deep/er')).toEqual({ files: [], directories: [], others: ['d'], alone: true });
  });
});

describe('what is not as it was left is to be looked at, and the rest is recalled', () => {
  const removed = (name: string) => fs.rmSync(at(name), { recursive: true });
  const becomesFile = (name: string) => {
    removed(name);
    fs.writeFileSync(at(name), 'file');
  };
  const becomesDirectory = (name: string) => {
    removed(name);
    fs.mkdirSync(at(name));
  };
  const others = (...names: string[]) => ({
    files: ALL.files.filter((name) => !names.includes(name)),
    directories: ALL.directories.filter((name) => !names.includes(name)),
    others: names,
  });

  // `alone` is true only if each name in the destination has the same type as in the source.
  const changes: [what: string, change: () => void, expected: object, alone: boolean][] = [
    ['a new file', () => fs.writeFileSync(at('in/c'), 'c'), others('c'), true],
    ['a new directory', () => fs.mkdirSync(at('in/new')), others('new'), true],
    ['a file that is gone', () => removed('in/b'), { files: ['a', 'z'] }, false],
    ['a directory that is gone', () => removed('in/deep'), { directories: [] }, false],
    [
      'a new name',
      () => fs.renameSync(at('in/b'), at('in/bb')),
      { files: ['a', 'z'], others: ['bb'] },
      false,
    ],
    ['a changed source', () => changeUnseen('in/b'), others('b'), true],
    ['a changed destination', () => changeUnseen('out/z'), others('z'), true],
    ['an executable destination', () => fs.chmodSync(at('out/z'), 0o755), others('z'), true],
    ['a destination that is gone', () => removed('out/a'), others('a'), true],
    ['a link to the file', () => replaceByLink('in/a', 'elsewhere/a'), others('a'), false],
    ['a link to the directory', () => replaceByLink('in/deep', 'elsewhere/deep'), others('deep'), false],
    ['a destination that is a link', () => replaceByLink('out/b', 'elsewhere/b'), others('b'), false],
    ['a file where a directory was', () => becomesFile('in/deep'), others('deep'), false],
    ['a directory where a file was', () => becomesDirectory('in/a'), others('a'), false],
    ['a directory in place of a destination', () => becomesDirectory('out/a'), others('a'), false],
    [
      'a directory of the destination is a link',
      () => replaceByLink('out/deep', 'elsewhere/deep'),
      {},
      false,
    ],
    ['a directory of the destination is a file', () => becomesFile('out/deep'), {}, false],
    [
      'another directory in place of one of the destination',
      () => fs.renameSync(at('out/deep'), at('out/other')),
      {},
      false,
    ],
    [
      'another file in place of a destination',
      () => fs.renameSync(at('out/a'), at('out/aa')),
      others('a'),
      false,
    ],
  ];
  it.each(changes)('%s', (_what, change, expected, alone) => {
    change();
    expect(recall()).toEqual({ ...ALL, ...expected, alone });
  });

  it('also where names are recorded in another order', async () => {
    await pastTick();
    // The file that was copied last is recorded first, or last.
    for (const name of ['z', 'a']) {
      changeUnseen(`in/${name}`);
      await pastTick();
      const { files, unchanged } = await copy({ from: 'in', to: 'out' }, { cwd, manifest: 'manifest' });
      expect({ files, unchanged }).toEqual({ files: 1, unchanged: 4 });
      expect(recall()).toEqual(ALL);
    }
  });
});

describe('a directory is not recalled', () => {
  it('that never was', () => {
    fs.renameSync(at('in/deep'), at('in/new'));
    expect(recall('new')).toBeUndefined();
  });

  it('without its source or its destination', () => {
    fs.rmSync(at('out/deep'), { recursive: true });
    expect(recall('deep')).toBeUndefined();
    fs.rmSync(at('in'), { recursive: true });
    expect(recall()).toBeUndefined();
  });

  it('below a directory of the destination that is now a link', () => {
    replaceByLink('out/deep', 'elsewhere/deep');
    expect(recall()).toMatchObject({ files: ['a', 'b', 'z'] });
    expect(recall('deep')).toBeUndefined();
    expect(recall('deep/er')).toBeUndefined();
  });

  it('of which most is new', () => {
    for (let number = 0; number < 256; number++) fs.writeFileSync(at(`in/new-${number}`), '');
    expect(recall()?.others).toHaveLength(256);
    fs.writeFileSync(at('in/new'), '');
    expect(recall()).toBeUndefined();
  });
});
