import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { workspace } from '../../../../test/core/support.ts';
import { directory, writeTree } from '../../../../test/support/trees.ts';
import { copy } from '../copy.ts';
import { loadSystem } from '../platform/load.ts';
import { Manifest } from './manifest.ts';
import { Memory } from './memory.ts';

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
  // Past the tick of the clock within which a file could change again and look the same.
  await wait(70);
  await copy({ from: 'in', to: 'out' }, { cwd, manifest: 'manifest' });
});

function recall(name = '', { lists = true } = {}) {
  const warn = (message: string) => expect.unreachable(message);
  const manifest = Manifest.read(at('manifest'), cwd, FINGERPRINT, warn);
  expect(manifest.folders.size).toBe(3);
  const memory = new Memory(manifest, loadSystem(), lists);
  return memory.recall(path.join(cwd, 'in', name), path.join(cwd, 'out', name), at('out'));
}

/** Same size and modification time, other content. */
function changeUnseen(name: string): void {
  const { atime, mtime, size } = fs.statSync(at(name));
  fs.writeFileSync(at(name), 'x'.repeat(size));
  fs.utimesSync(at(name), atime, mtime);
}

function replaceByLink(name: string, to: string): void {
  fs.renameSync(at(name), at(to));
  fs.symlinkSync(at(to), at(name));
}

describe('a directory as it was left', () => {
  it('is recalled with what is in it', () => {
    expect(recall()).toEqual({ files: ['a', 'b', 'z'], directories: ['deep'], alone: true });
    expect(recall('deep')).toEqual({ files: ['c'], directories: ['er'], alone: true });
    expect(recall('deep/er')).toEqual({ files: ['d'], directories: [], alone: true });
  });

  it('is recalled beside something else, and that is told where it matters', () => {
    fs.writeFileSync(at('out/index.html'), 'bundle');
    expect(recall()).toMatchObject({ files: ['a', 'b', 'z'], alone: false });
    expect(recall('', { lists: false })).toMatchObject({ alone: true });
    expect(recall('deep')).toMatchObject({ alone: true });
  });

  it('is recalled when the destination as a whole is behind a link', () => {
    replaceByLink('out', 'elsewhere/out');
    expect(recall()).toMatchObject({ files: ['a', 'b', 'z'] });
    expect(recall('deep')).toMatchObject({ files: ['c'] });
  });
});

describe('a directory is not recalled', () => {
  const changes: [what: string, change: () => void][] = [
    ['that never was', () => fs.renameSync(at('in/deep'), at('in/new'))],
    ['with a new file', () => fs.writeFileSync(at('in/c'), 'c')],
    ['with a new directory', () => fs.mkdirSync(at('in/new'))],
    ['without one of its files', () => fs.rmSync(at('in/b'))],
    ['without one of its directories', () => fs.rmSync(at('in/deep'), { recursive: true })],
    ['with a file under a new name', () => fs.renameSync(at('in/b'), at('in/bb'))],
    ['with a changed source', () => changeUnseen('in/b')],
    ['with a changed destination', () => changeUnseen('out/z')],
    ['with a destination that was made executable', () => fs.chmodSync(at('out/z'), 0o755)],
    ['without one of its destinations', () => fs.rmSync(at('out/a'))],
    ['without its destination', () => fs.rmSync(at('out'), { recursive: true })],
    ['with a link to the file it had', () => replaceByLink('in/a', 'elsewhere/a')],
    ['with a link to the directory it had', () => replaceByLink('in/deep', 'elsewhere/deep')],
    ['with a destination that is now a link', () => replaceByLink('out/b', 'elsewhere/b')],
    [
      'with a file where a directory was',
      () => {
        fs.rmSync(at('in/deep'), { recursive: true });
        fs.writeFileSync(at('in/deep'), 'file');
      },
    ],
    [
      'with a directory where a file was',
      () => {
        fs.rmSync(at('in/a'));
        fs.mkdirSync(at('in/a'));
      },
    ],
  ];
  it.each(changes)('%s', (_what, change) => {
    change();
    expect(recall()).toBeUndefined();
  });

  it('below a directory of the destination that is now a link', () => {
    replaceByLink('out/deep', 'elsewhere/deep');
    expect(recall()).toMatchObject({ files: ['a', 'b', 'z'] });
    expect(recall('deep')).toBeUndefined();
    expect(recall('deep/er')).toBeUndefined();
  });

  it('because of a change further down', () => {
    changeUnseen('in/deep/er/d');
    expect(recall('deep/er')).toBeUndefined();
    expect(recall('deep')).toMatchObject({ files: ['c'] });
    expect(recall()).toMatchObject({ files: ['a', 'b', 'z'] });
  });
});
