import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { orSkipped } from '../../../../test/support/skip.ts';
import { currentRun, temporaryName } from '../transfer/temporary.ts';
import { withLock } from './lock.ts';

let home: string;
let file: string;
let lock: string;
beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-lock-'));
  file = path.join(home, 'manifest');
  lock = `${file}.lock`;
});
afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(home, { recursive: true, force: true });
});

const deadPid = spawnSync(process.execPath, ['-e', '']).pid;
const ownedBy = (pid: number) => temporaryName().replace(`-${process.pid}-`, `-${pid}-`);

test('a lock is there while it is held, and gone after, also when what it is held for fails', () => {
  expect(withLock(file, () => fs.readFileSync(lock, 'utf8'))).toContain(`-${currentRun().id}-`);
  expect(fs.readdirSync(home)).toEqual([]);
  expect(() =>
    withLock(file, () => {
      throw new Error('failed');
    }),
  ).toThrow('failed');
  expect(fs.readdirSync(home)).toEqual([]);
});

test('one whose owner was killed is removed at once', () => {
  fs.writeFileSync(lock, ownedBy(deadPid));
  expect(withLock(file, () => fs.readFileSync(lock, 'utf8'))).toContain(`-${process.pid}-`);
  expect(fs.readdirSync(home)).toEqual([]);
});

test('one that is old is removed', () => {
  const minutes = Date.now() + 2 * 60_000;
  fs.writeFileSync(lock, '');
  const { now } = Date;
  Date.now = () => minutes;
  try {
    withLock(file, () => expect(fs.readFileSync(lock, 'utf8')).not.toBe(''));
  } finally {
    Date.now = now;
  }
  expect(fs.readdirSync(home)).toEqual([]);
});

test('one that is held is waited for', () => {
  fs.writeFileSync(lock, ownedBy(process.pid));
  let pauses = 0;
  vi.spyOn(Atomics, 'wait').mockImplementation(() => {
    if (++pauses < 3) return 'timed-out';
    fs.writeFileSync(file, 'released');
    fs.rmSync(lock);
    return 'timed-out';
  });
  expect(withLock(file, () => fs.readFileSync(file, 'utf8'), 50_000)).toBe('released');
  expect(pauses).toBe(3);
});

test('one that is held for too long is gone without, and left to its owner', () => {
  const owner = temporaryName();
  fs.writeFileSync(lock, owner);
  expect(withLock(file, () => fs.readFileSync(lock, 'utf8'), 20)).toBe(owner);
  expect(fs.readFileSync(lock, 'utf8')).toBe(owner);
});

const noLinks = process.platform === 'win32' ? 'links need a right on Windows' : undefined;
test.skipIf(noLinks)(orSkipped('a link at its name is neither followed nor taken away', noLinks), () => {
  fs.writeFileSync(path.join(home, 'victim'), 'precious');
  fs.symlinkSync('victim', lock);
  withLock(file, () => {}, 20);
  expect(fs.readFileSync(path.join(home, 'victim'), 'utf8')).toBe('precious');
  expect(fs.readlinkSync(lock)).toBe('victim');
});

test('a directory that cannot be written to fails at once', () => {
  expect(() => withLock(path.join(home, 'missing/manifest'), () => {})).toThrow('ENOENT');
});
