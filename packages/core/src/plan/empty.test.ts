import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { notLinux, orSkipped } from '../../../../test/support/skip.ts';
import { readTree } from '../../../../test/support/trees.ts';
import { copy } from '../copy.ts';
import { EmptySnapshot, emptyDirectory } from './empty.ts';

let home: string;
const at = (below: string) => path.join(home, below);
const write = (below: string) => {
  fs.mkdirSync(path.dirname(at(below)), { recursive: true });
  fs.writeFileSync(at(below), below);
};
const nothing = { manifest: '', keep: [], sources: [] };

beforeEach(() => {
  home = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-empty-')));
});
afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(home, { recursive: true });
});

/** Replaces a directory by a link to `outside` after it has been listed. */
function swapOnceListed(below: string): void {
  const { readdirSync } = fs;
  vi.spyOn(fs, 'readdirSync').mockImplementation(((directory: string, options: never) => {
    const entries = readdirSync(directory, options);
    if (directory === at(below)) {
      fs.renameSync(at(below), at('moved'));
      fs.symlinkSync(at('outside'), at(below));
    }
    return entries;
  }) as typeof fs.readdirSync);
}

test('Emptying deletes all but what is kept, and names every file and link that it deletes', () => {
  for (const each of ['out/a', 'out/b/c', 'out/b/d/e', 'out/.git/HEAD', 'out/k/keep/f', 'out/k/g'])
    write(each);
  fs.symlinkSync(at('nowhere'), at('out/b/link'));
  fs.mkdirSync(at('out/none'));
  const { deleted, at: time } = emptyDirectory(at('out'), { ...nothing, keep: ['.git', 'k/keep'] });
  expect(Object.keys(readTree(at('out'))).filter((name) => !name.endsWith('/'))).toEqual(
    expect.arrayContaining(['.git/HEAD', 'k/keep/f']),
  );
  expect(fs.readdirSync(at('out')).sort()).toEqual(['.git', 'k']);
  expect(fs.readdirSync(at('out/k'))).toEqual(['keep']);
  expect(deleted.sort()).toEqual(['out/a', 'out/b/c', 'out/b/d/e', 'out/b/link', 'out/k/g'].map(at).sort());
  expect(time).toBe(0);
});

test('Emptying deletes nothing behind a link that takes the place of a directory that was listed', () => {
  write('out/d/stale');
  write('outside/stale');
  swapOnceListed('out/d');
  const { deleted } = emptyDirectory(at('out'), { ...nothing, keep: ['d/keep'] });
  expect(fs.existsSync(at('outside/stale'))).toBe(true);
  expect(deleted).toEqual([]);
});

test('Emptying deletes nothing behind a link that takes the place of a directory that goes as a whole', () => {
  write('out/d/sub/stale');
  write('outside/sub/stale');
  swapOnceListed('out/d');
  const { deleted } = emptyDirectory(at('out'), nothing);
  expect(fs.existsSync(at('outside/sub/stale'))).toBe(true);
  expect(deleted).toEqual([]);
});

test('Emptying leaves a file that cannot be deleted to an error that names it', () => {
  write('out/d/stale');
  vi.spyOn(fs, 'unlinkSync').mockImplementation(() => {
    throw Object.assign(new Error('busy'), { code: 'EBUSY', errno: -os.constants.errno.EBUSY });
  });
  vi.spyOn(fs, 'rmSync').mockImplementation(() => {
    throw Object.assign(new Error('busy'), { code: 'EBUSY', errno: -os.constants.errno.EBUSY });
  });
  expect(() => emptyDirectory(at('out'), nothing)).toThrow(
    expect.objectContaining({ code: 'EBUSY', destination: at('out/d/stale') }),
  );
});

test('Emptying with a snapshot deletes what was there then, and nothing that was written since', () => {
  for (const each of ['out/old', 'out/d/old', 'out/d/again', 'out/gone/old', 'out/.git/HEAD']) write(each);
  const keep = ['.git'];
  const snapshot = new EmptySnapshot(at('out'), { ...nothing, keep });
  for (const each of ['out/new', 'out/d/new', 'out/made/new']) write(each);
  fs.rmSync(at('out/d/again'));
  fs.writeFileSync(at('out/d/again'), 'written again, and longer');
  const { deleted } = emptyDirectory(at('out'), { ...nothing, keep, snapshot });
  expect(deleted.sort()).toEqual(['out/d/old', 'out/gone/old', 'out/old'].map(at));
  expect(fs.readdirSync(at('out')).sort()).toEqual(['.git', 'd', 'gone', 'made', 'new']);
  expect(fs.readdirSync(at('out/d')).sort()).toEqual(['again', 'new']);
  snapshot.deleteEmptyDirectories();
  expect(fs.readdirSync(at('out')).sort()).toEqual(['.git', 'd', 'made', 'new']);
});

test('A snapshot deletes the directory of copied files too, if it has become empty', async () => {
  write('from/a');
  const manifest = at('copies.manifest');
  await copy({ from: at('from'), to: at('out/copied') }, { cwd: at('out'), manifest });
  write('out/copied/chunks/b');
  const snapshot = new EmptySnapshot(at('out'), { manifest, keep: [] });
  emptyDirectory(at('out'), { manifest, keep: [], sources: [], snapshot });
  await copy([], { cwd: at('out'), manifest, prune: 'placed' });
  expect(fs.readdirSync(at('out/copied'))).toEqual(['chunks']);
  snapshot.deleteEmptyDirectories();
  expect(fs.readdirSync(at('out'))).toEqual([]);
});

test('A snapshot keeps the empty directories that are copied again', () => {
  for (const each of ['out/empty', 'out/a/empty', 'out/a/old']) fs.mkdirSync(at(each), { recursive: true });
  const snapshot = new EmptySnapshot(at('out'), nothing);
  emptyDirectory(at('out'), { ...nothing, snapshot });
  expect([...snapshot.directories].sort()).toEqual(
    ['out/a', 'out/a/empty', 'out/a/old', 'out/empty'].map(at),
  );
  snapshot.keepDirectories([at('out/empty'), at('out/a/empty'), at('out/none')]);
  snapshot.deleteEmptyDirectories();
  expect(fs.readdirSync(at('out')).sort()).toEqual(['a', 'empty']);
  expect(fs.readdirSync(at('out/a'))).toEqual(['empty']);
});

test.skipIf(notLinux)(
  orSkipped('Emptying deletes names that are not UTF-8, with a snapshot too', notLinux),
  () => {
    const name = Buffer.from([0x61, 0xff]);
    const inOut = Buffer.concat([Buffer.from(`${at('out')}/d`), name]);
    for (const withSnapshot of [false, true]) {
      fs.mkdirSync(inOut, { recursive: true });
      fs.writeFileSync(Buffer.concat([inOut, Buffer.from('/'), name]), 'x');
      const snapshot = withSnapshot ? new EmptySnapshot(at('out'), nothing) : undefined;
      expect(emptyDirectory(at('out'), { ...nothing, snapshot }).deleted).toHaveLength(1);
    }
  },
);

test('Nothing is emptied where a file, or nothing, is in the place of the directory or of its parent', () => {
  write('out');
  for (const each of ['out', 'out/below', 'nowhere']) {
    expect(emptyDirectory(at(each), nothing)).toEqual({ deleted: [], at: 0 });
    expect(new EmptySnapshot(at(each), nothing).at).toBe(0);
  }
  expect(fs.readFileSync(at('out'), 'utf8')).toBe('out');
});
