import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { notLinux, orSkipped } from '../../../../test/support/skip.ts';
import { loadBindings } from './linux/bindings.ts';
import { linuxSystem } from './linux/linux.ts';
import { portableSystem } from './portable/portable.ts';
import { FileStatus, SIGNATURE_WORDS } from './status.ts';
import type { System } from './system.ts';

let home: string;
beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-status-'));
  fs.writeFileSync(path.join(home, 'file'), 'content', { mode: 0o640 });
  fs.chmodSync(path.join(home, 'file'), 0o4751);
  fs.mkdirSync(path.join(home, 'directory'));
  fs.symlinkSync('file', path.join(home, 'link'));
  fs.writeFileSync(path.join(home, 'huge'), '');
  fs.truncateSync(path.join(home, 'huge'), 5 * 1024 ** 3 + 1);
  fs.writeFileSync(path.join(home, 'old'), '');
  fs.writeFileSync(path.join(home, 'late'), '');
  if (process.platform === 'linux') {
    execFileSync('touch', ['-d', '1969-07-20T20:17:40.123456789Z', path.join(home, 'old')]);
    execFileSync('touch', ['-d', '2200-01-01T00:00:00.999999999Z', path.join(home, 'late')]);
  }
});
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

const systems: [string, () => System][] = [
  ['statx', () => linuxSystem(loadBindings())],
  ['node:fs', () => portableSystem('a test')],
];

describe.skipIf(notLinux).each(systems)(orSkipped('the status that %s gives', notLinux), (_name, load) => {
  test.each(['file', 'directory', 'link', 'huge', 'old', 'late'])('of %s is what lstat says', (name) => {
    const status = statusOf(load(), home, name);
    expect(plain(status)).toEqual(expected(fs.lstatSync(path.join(home, name), { bigint: true })));
  });

  test('of a link is that of its target when it is followed', () => {
    const status = statusOf(load(), home, 'link', true);
    expect(plain(status)).toEqual(expected(fs.statSync(path.join(home, 'link'), { bigint: true })));
  });

  test('of an open file is the same', () => {
    const system = load();
    const descriptor = fs.openSync(path.join(home, 'huge'), 'r');
    const status = new FileStatus();
    expect(system.fileStatus(descriptor, status)).toBeGreaterThanOrEqual(0);
    fs.closeSync(descriptor);
    expect(plain(status)).toEqual(expected(fs.lstatSync(path.join(home, 'huge'), { bigint: true })));
  });

  test('of what is not there is an error number', () => {
    const system = load();
    const directory = system.openDirectory(home);
    if (typeof directory === 'number') throw new Error(`errno ${directory}`);
    expect(system.status(directory, 'nothing', false, new FileStatus())).toBe(-os.constants.errno.ENOENT);
    system.closeDirectory(directory);
  });

  test('tells files and links by their identity', () => {
    const system = load();
    fs.rmSync(path.join(home, 'hard'), { force: true });
    fs.linkSync(path.join(home, 'file'), path.join(home, 'hard'));
    const [file, hard, link] = ['file', 'hard', 'link'].map((name) => statusOf(system, home, name));
    expect(file!.isSameFile(hard!)).toBe(true);
    expect(file!.isSameFile(link!)).toBe(false);
  });
});

describe.skipIf(notLinux)(orSkipped('both lanes', notLinux), () => {
  test.each(['file', 'huge', 'old', 'late'])(
    'sign %s alike, so that they understand the same manifest',
    (name) => {
      const [native, portable] = systems.map(([, load]) => signatureOf(statusOf(load(), home, name)));
      expect(native).toEqual(portable);
    },
  );

  test('sign a file differently once it changed', () => {
    const file = path.join(home, 'changing');
    fs.writeFileSync(file, 'one');
    const system = systems[0]![1]();
    const before = signatureOf(statusOf(system, home, 'changing'));
    for (const change of [
      () => fs.appendFileSync(file, '!'),
      () => fs.chmodSync(file, 0o600),
      () => fs.utimesSync(file, 1, 1),
      () => fs.renameSync(file, `${file}-2`) ?? fs.copyFileSync(`${file}-2`, file),
    ]) {
      change();
      expect(signatureOf(statusOf(system, home, 'changing'))).not.toEqual(before);
    }
  });
});

test.each([
  { name: 'the later time', mtime: 5, ctime: 7, touched: 7 },
  { name: 'a modification time that is later by a little', mtime: 9, ctime: 7, touched: 9 },
  {
    name: 'the change time where the modification time lies ahead',
    mtime: 4_102_444_800,
    ctime: 7,
    touched: 7,
  },
  {
    name: 'the modification time where none is kept of changes',
    mtime: 4_102_444_800,
    ctime: 0,
    touched: 4_102_444_800,
  },
])('a file was touched at $name', ({ mtime, ctime, touched }) => {
  const status = new FileStatus();
  status.fill({ ...zero, mtimeNs: BigInt(mtime) * 1_000_000_000n, ctimeNs: BigInt(ctime) * 1_000_000_000n });
  expect(status.touchedMs).toBe(touched * 1000);
});

test('a modification time is about the same within a microsecond', () => {
  const at = (nanoseconds: bigint) => {
    const status = new FileStatus();
    status.fill({ ...zero, mtimeNs: nanoseconds });
    return status;
  };
  const [zeroth, near, far] = [at(1_999_999_999n), at(2_000_000_500n), at(2_000_002_000n)];
  expect(zeroth.isModifiedAtAbout(near)).toBe(true);
  expect(zeroth.isModifiedAtAbout(far)).toBe(false);
});

test.each([
  [
    'another device with a change time to the nanosecond is the same file, mounted again',
    2_000_000_001n,
    true,
  ],
  ['another device with a change time to the second is another file', 2_000_000_000n, false],
])('%s', (_title, ctimeNs, isSigned) => {
  const [before, after] = [new FileStatus(), new FileStatus()];
  before.fill({ ...zero, dev: 1793n, ino: 5n, size: 7n, ctimeNs });
  after.fill({ ...zero, dev: 1794n, ino: 5n, size: 7n, ctimeNs });
  const words = new Uint32Array(SIGNATURE_WORDS);
  before.sign(words, 0);
  expect([before.isSigned(words, 0), after.isSigned(words, 0)]).toEqual([true, isSigned]);
});

const zero = Object.fromEntries(
  ['mode', 'uid', 'gid', 'size', 'blocks', 'dev', 'rdev', 'ino', 'atimeNs', 'mtimeNs', 'ctimeNs'].map(
    (key) => [key, 0n],
  ),
) as unknown as fs.BigIntStats;

function statusOf(system: System, root: string, name: string, follow = false): FileStatus {
  const directory = system.openDirectory(root);
  if (typeof directory === 'number') throw new Error(`errno ${directory}`);
  const status = new FileStatus();
  const result = system.status(directory, name, follow, status);
  system.closeDirectory(directory);
  expect(result).toBeGreaterThanOrEqual(0);
  return status;
}

function signatureOf(status: FileStatus): number[] {
  const words = new Uint32Array(SIGNATURE_WORDS);
  status.sign(words, 0);
  return [...words];
}

const inNanoseconds = (seconds: number, nanoseconds: number) =>
  BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);

function plain(status: FileStatus): object {
  const { mode, uid, gid, size, blocks, isRegular, isDirectory, isLink } = status;
  return {
    ...{ mode, uid, gid, size, blocks, isRegular, isDirectory, isLink },
    accessed: inNanoseconds(status.accessedSeconds, status.accessedNanoseconds),
    modified: inNanoseconds(status.modifiedSeconds, status.modifiedNanoseconds),
    changed: inNanoseconds(status.changedSeconds, status.changedNanoseconds),
  };
}

function expected(stats: fs.BigIntStats): object {
  return {
    mode: Number(stats.mode),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: Number(stats.size),
    blocks: Number(stats.blocks),
    isRegular: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isLink: stats.isSymbolicLink(),
    accessed: stats.atimeNs,
    modified: stats.mtimeNs,
    changed: stats.ctimeNs,
  };
}

test('a file that its filesystem gives no number has no other names: all such files would be one', () => {
  const status = new FileStatus();
  status.fillIdentity(0o100644, 7, 1, 0);
  expect(status.mayHaveLinks).toBe(true);
  status.fillIdentity(0o100644, 7, 0, 1);
  expect(status.mayHaveLinks).toBe(true);
  status.fillIdentity(0o100644, 7, 0, 0);
  expect(status.mayHaveLinks).toBe(false);
});
