import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bindings } from '../../packages/core/src/platform/darwin/bindings.ts';
import { constants as C } from '../../packages/core/src/platform/darwin/constants.ts';
import { darwinSystem } from '../../packages/core/src/platform/darwin/darwin.ts';
import { CLONED_NEW, COPIED_NEW, NOT_COPIED, type System } from '../../packages/core/src/platform/system.ts';
import { sharesExtents } from '../support/extents.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { errnoOf } from '../support/injected.ts';
import { type Call, watch } from '../support/new-file.ts';
import { cloningCall, failingByFd, sharedCalls, testPosixNewFiles } from '../support/posix-new-file.ts';
import { cloneOrCopy } from './clone-or-copy.ts';
import { describeMacos, doubleBindings } from './double.ts';

const calls: Call<Bindings>[] = [
  ...sharedCalls<Bindings>(C.O_CREAT, 'copied'),
  cloningCall('fclonefileat'),
  { name: 'fstat', fail: failingByFd('fstat') },
  {
    name: 'fstatat of the clone',
    of: 'cloned',
    fail: (real, _isOurs, errno) => ({
      fstatat: (at, name, into, flags) => (name === 'file' ? -errno : real.fstatat(at, name, into, flags)),
    }),
  },
];

describeMacos('the fast path of a new file', ['btrfs'], () => {
  let btrfs: MountedFilesystem;
  beforeAll(() => {
    btrfs = mountFilesystem('btrfs');
  });
  afterAll(() => btrfs?.unmount());

  const files = testPosixNewFiles({
    place: () => btrfs.path,
    real: (clones) => ({
      ...doubleBindings(),
      ...(!clones && { fclonefileat: () => -errnoOf('ENOTSUP') }),
    }),
    system: (bindings: Bindings) => darwinSystem(bindings),
    calls,
  });
  const source = () => path.join(files.home, 'from/file');

  /** What the fast path answered for `file`, and what it was made by in the end. */
  const madeBy = (system: System) => {
    fs.rmSync(path.join(files.home, 'out'), { recursive: true, force: true });
    const watched = system.copyNewFile ? watch(system) : { system, answers: [] };
    const { tally, error } = files.copy(watched.system);
    expect(error).toBeUndefined();
    const entry = tally.entries.find((each) => each.destination === files.destination);
    return { answers: watched.answers, method: entry?.method };
  };
  const carefully = ({ copyNewFile: _none, ...careful }: System): System => careful;

  test('shares the blocks of a clone, of a large file too', () => {
    files.write('file', Buffer.alloc(200_000, 'content'));
    expect(madeBy(files.system(true))).toEqual({ answers: [CLONED_NEW], method: 'clonefile' });
    expect(sharesExtents(source(), files.destination)).toBe(true);
  });

  test('what a clone and a copy of a small file cost is measured', () => {
    const costs = cloneOrCopy(files.system(true), btrfs.path, { files: 3, rounds: 1 });
    expect(costs.map(({ bytes }) => bytes)).toEqual([512, 4096, 16_384, 65_535]);
    for (const { clone, copy } of costs) expect(Math.min(clone, copy)).toBeGreaterThan(0);
  });

  test.each([
    { what: 'a large file that cannot be cloned', size: 200_000, errno: 'ENOTSUP' },
    { what: 'a file that may not be', size: 3000, errno: 'EPERM' },
  ])('leaves $what to the careful path, and makes nothing of it', ({ size, errno }) => {
    files.write('file', Buffer.alloc(size, 'content'));
    let created = 0;
    const system = files.system(true, (real) => ({
      fclonefileat: (input, directory, name, flags) =>
        name === 'file' ? -errnoOf(errno) : real.fclonefileat(input, directory, name, flags),
      openat(at, name, flags, mode) {
        if (name === 'file' && flags & C.O_CREAT) created++;
        return real.openat(at, name, flags, mode);
      },
    }));
    expect(madeBy(system)).toEqual({ answers: [NOT_COPIED], method: 'copyfile' });
    expect(created).toBe(1);
  });

  test('leaves a locked file (uchg) to the careful path, and clones it when it is unlocked', () => {
    execFileSync('chattr', ['+i', source()]);
    try {
      expect(madeBy(files.system(true))).toEqual({ answers: [NOT_COPIED], method: 'copyfile' });
    } finally {
      execFileSync('chattr', ['-i', source()]);
    }
    expect(madeBy(files.system(true))).toEqual({ answers: [CLONED_NEW], method: 'clonefile' });
  });

  test.each([
    { how: 'cloned', clones: true, method: 'clonefile', answer: CLONED_NEW, has: true },
    { how: 'copied', clones: false, method: 'read_write', answer: COPIED_NEW, has: false },
  ])('a file that is $how has extended attributes on both paths: $has', ({ clones, method, answer, has }) => {
    execFileSync('setfattr', ['-n', 'user.origin', '-v', 'somewhere', source()]);
    const hasOrigin = () =>
      execFileSync('getfattr', ['--absolute-names', files.destination], { encoding: 'utf8' }).includes(
        'user.origin',
      );
    expect(madeBy(files.system(clones))).toEqual({ answers: [answer], method });
    expect(hasOrigin()).toBe(has);
    expect(madeBy(carefully(files.system(clones)))).toEqual({ answers: [], method });
    expect(hasOrigin()).toBe(has);
  });

  test.each([
    { bits: 'setuid and setgid, which a clone does not have', mode: 0o6755, answer: CLONED_NEW },
    { bits: 'the sticky bit, which it has', mode: 0o1755, answer: NOT_COPIED },
  ])('a file with $bits, has none of them on both paths', ({ mode, answer }) => {
    fs.chmodSync(source(), mode);
    const { methods } = files.expectSameOutcome(() => files.system(true), [answer]);
    expect(methods).toEqual({ clonefile: { files: 2, bytes: 6000 } });
    expect(fs.statSync(files.destination).mode & 0o7777).toBe(0o755);
  });

  describe('a clone that is not as its source was', () => {
    const odd: [string, (clone: string) => void][] = [
      ['is shorter', (clone) => fs.truncateSync(clone, 100)],
      ['is of another second', (clone) => fs.utimesSync(clone, 1, 1_400_000_000.25)],
      ['is of another part of the second', (clone) => fs.utimesSync(clone, 1, 1_500_000_000.5)],
      ['has another mode', (clone) => fs.chmodSync(clone, 0o600)],
    ];

    test.each(odd)('is left to the careful path: it %s', (_how, change) => {
      let clones = 0;
      const system = files.system(true, (real) => ({
        fclonefileat(input, directory, name, flags) {
          const result = real.fclonefileat(input, directory, name, flags);
          // That of the first file of the copy is as it should be, and that of the careful path.
          if (++clones === 2) change(files.destination);
          return result;
        },
      }));
      expect(madeBy(system)).toEqual({ answers: [NOT_COPIED], method: 'clonefile' });
      expect(fs.readdirSync(path.dirname(files.destination))).toEqual(['file']);
      expect(fs.readFileSync(files.destination).equals(files.content)).toBe(true);
      const { mode, mtimeMs } = fs.statSync(files.destination);
      expect({ mode: mode & 0o7777, mtimeMs }).toEqual({ mode: 0o626, mtimeMs: 1_500_000_000_250 });
    });

    test('is deleted where it is what was made, and nothing else is', () => {
      const deleted: string[] = [];
      const noteDeleted = (real: Bindings): Partial<Bindings> => ({
        unlinkat(directory, name, flags) {
          deleted.push(String(name));
          return real.unlinkat(directory, name, flags);
        },
      });
      const cloned = (change: (clone: string) => void) =>
        files.system(true, (real) => ({
          ...noteDeleted(real),
          fclonefileat(input, directory, name, flags) {
            const result = real.fclonefileat(input, directory, name, flags);
            if (name === 'file') change(files.destination);
            return result;
          },
        }));
      let isFirst = true;
      const own = cloned((clone) => {
        if (isFirst) fs.chmodSync(clone, 0o600);
        isFirst = false;
      });
      expect(madeBy(own).answers).toEqual([NOT_COPIED]);
      expect(deleted).toEqual(['file']);

      deleted.length = 0;
      const theirs = cloned((clone) => {
        if (fs.existsSync(`${clone}.moved`)) return;
        fs.renameSync(clone, `${clone}.moved`);
        fs.writeFileSync(clone, 'theirs');
      });
      expect(madeBy(theirs)).toEqual({ answers: [NOT_COPIED], method: 'clonefile' });
      // The careful path replaces it by a rename, as `overwrite: true` says.
      expect(deleted).not.toContain('file');
      expect(fs.readFileSync(`${files.destination}.moved`).equals(files.content)).toBe(true);
    });

    test.each([
      { when: 'before it was cloned', isBefore: true },
      { when: 'after it was cloned', isBefore: false },
    ])('is deleted where its source changed $when, and is cloned again', ({ isBefore }) => {
      const changed = Buffer.alloc(5000, 'changed');
      const deleted: string[] = [];
      let clones = 0;
      const system = files.system(true, (real) => ({
        fclonefileat(input, directory, name, flags) {
          const isSecond = ++clones === 2;
          if (isSecond && isBefore) files.write('file', changed);
          const result = real.fclonefileat(input, directory, name, flags);
          if (isSecond && !isBefore) {
            files.write('file', changed);
            fs.chmodSync(files.destination, 0o600);
          }
          return result;
        },
        unlinkat(directory, name, flags) {
          deleted.push(String(name));
          return real.unlinkat(directory, name, flags);
        },
      }));
      expect(madeBy(system)).toEqual({ answers: [NOT_COPIED], method: 'clonefile' });
      expect(deleted).toEqual(['file']);
      expect(clones).toBe(3);
      expect(fs.readFileSync(files.destination).equals(changed)).toBe(true);
    });
  });

  describe('where files are cloned from 3001 bytes on', () => {
    const from3001 = (overrides: (real: Bindings) => Partial<Bindings> = () => ({})) => {
      const real = files.bindings(true);
      return darwinSystem({ ...real, ...overrides(real) }, 3001);
    };

    test.each([
      { size: 3000, answer: COPIED_NEW, method: 'read_write' },
      { size: 3001, answer: CLONED_NEW, method: 'clonefile' },
    ])('$size bytes are made by $method on both paths', ({ size, answer, method }) => {
      files.write('file', Buffer.alloc(size, 'content'));
      expect(madeBy(from3001())).toEqual({ answers: [answer], method });
      expect(madeBy(carefully(from3001()))).toEqual({ answers: [], method });
    });

    test('the first file is cloned all the same: it tells whether files can be', () => {
      const asked: string[] = [];
      const system = from3001((real) => ({
        fclonefileat(input, directory, name, flags) {
          asked.push(String(name));
          return real.fclonefileat(input, directory, name, flags);
        },
      }));
      files.write('large', Buffer.alloc(200_000, 'content'));
      expect(files.copy(system).tally.methods).toEqual({
        clonefile: { files: 2, bytes: 203_000 },
        read_write: { files: 1, bytes: 3000 },
      });
      expect(asked).toEqual(['first', 'large']);
    });
  });
});
