import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { currentRun, isStaleTemporary, sweepTemporaries, temporaryName } from './temporary.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const fresh = () => 0;
const old = () => DAY_MS + 1;

const { realm, pid, id } = currentRun();
const [foreignRealm, otherId] = ['0123abcd', '00000000'];
/** A process that has ended. */
const deadPid = spawnSync(process.execPath, ['-e', '']).pid;

const nameOf = (of: { realm?: string; pid?: number; id?: string }) =>
  `.fs-reflink-${of.realm ?? realm}-${of.pid ?? pid}-${of.id ?? id}-abc0.tmp`;

test('temporary names differ, are hidden, and fit every filesystem', () => {
  const names = Array.from({ length: 1000 }, temporaryName);
  expect(new Set(names).size).toBe(1000);
  for (const name of names) {
    expect(name).toMatch(/^\.fs-reflink-[0-9a-f]{8}-\d+-[0-9a-f]{8}-[0-9a-z]+\.tmp$/);
    expect(name.length).toBeLessThanOrEqual(143);
    expect(isStaleTemporary(name, old)).toBe(false);
  }
});

test.each<[string, string, () => number, boolean]>([
  ['of this run', nameOf({}), old, false],
  ['of a process that ended', nameOf({ pid: deadPid }), fresh, true],
  ['of a process that runs', nameOf({ pid: process.ppid }), old, false],
  ['of the first process, which may not be signalled', nameOf({ pid: 1 }), old, false],
  ['of an earlier process with this number', nameOf({ id: otherId }), fresh, true],
  ['of another host, just made', nameOf({ realm: foreignRealm, pid: deadPid }), fresh, false],
  ['of another host, a day old', nameOf({ realm: foreignRealm, pid: deadPid }), old, true],
  ['of another host with this number', nameOf({ realm: foreignRealm }), fresh, false],
  ['that only looks alike', '.fs-reflink-notes.tmp', old, false],
  ['with more behind it', `${nameOf({ pid: deadPid })}.bak`, old, false],
  ['of someone else', 'file.tmp', old, false],
])('a file %s is stale or not: %s', (_title, name, age, stale) => {
  expect(isStaleTemporary(name, age)).toBe(stale);
});

let home: string;
beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-temporary-'));
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

test('a sweep removes what is stale and nothing else', () => {
  const stale = [nameOf({ pid: deadPid }), nameOf({ id: otherId })];
  const others = [nameOf({}), nameOf({ realm: foreignRealm }), '.fs-reflink-notes.tmp', 'file'];
  for (const name of [...stale, ...others]) fs.writeFileSync(path.join(home, name), '');
  sweepTemporaries(home);
  expect(fs.readdirSync(home).sort()).toEqual(others.sort());
});

test('a sweep goes by the age of files of other hosts', () => {
  const [made, left] = ['0', '1'].map((digit) => nameOf({ realm: digit.repeat(8) }));
  for (const name of [made!, left!]) fs.writeFileSync(path.join(home, name), '');
  const before = new Date(Date.now() - 2 * DAY_MS);
  fs.utimesSync(path.join(home, left!), before, before);
  sweepTemporaries(home);
  expect(fs.readdirSync(home)).toEqual([made]);
});

test('a directory that is gone, or holds a directory of such a name, does not fail the sweep', () => {
  expect(() => sweepTemporaries(path.join(home, 'gone'))).not.toThrow();
  fs.mkdirSync(path.join(home, nameOf({ pid: deadPid })));
  expect(() => sweepTemporaries(home)).not.toThrow();
});
