import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { notLinux, orSkipped } from '../../../../test/support/skip.ts';
import { loadBindings } from '../platform/linux/bindings.ts';
import { linuxSystem } from '../platform/linux/linux.ts';
import { portableSystem } from '../platform/portable/portable.ts';
import type { Directory } from '../platform/system.ts';
import { currentRun, isStaleTemporary, sweepTemporaries, temporaryName } from './temporary.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const fresh = () => 0;
const old = () => DAY_MS + 1;

const { realm, pid, started, id } = currentRun();
const [foreignRealm, otherId] = ['0123abcd', '0123456789abcdef'];
const isStartKnown = started > 0;
/** A process that has ended. */
const deadPid = spawnSync(process.execPath, ['-e', '']).pid;

const nameOf = (of: { realm?: string; pid?: number; started?: number; id?: string }) =>
  `.fs-reflink-${of.realm ?? realm}-${of.pid ?? pid}-${of.started ?? started}-${of.id ?? id}-abc0.tmp`;

test('temporary names differ, are hidden, and fit every filesystem', () => {
  const names = Array.from({ length: 1000 }, temporaryName);
  expect(new Set(names).size).toBe(1000);
  for (const name of names) {
    expect(name).toMatch(/^\.fs-reflink-[0-9a-f]{8}-\d+-\d+-[0-9a-f]{16}-[0-9a-z]+\.tmp$/);
    expect(name.length).toBeLessThanOrEqual(143);
    expect(isStaleTemporary(name, old)).toBe(false);
  }
});

test.each<[string, string, () => number, boolean]>([
  ['of this run', nameOf({}), old, false],
  ['of a process that ended', nameOf({ pid: deadPid }), fresh, true],
  ['of a process that runs', nameOf({ pid: process.ppid, started: 0 }), old, false],
  ['of the first process, which may not be signalled', nameOf({ pid: 1, started: 0 }), old, false],
  ['of another thread with a run of its own', nameOf({ id: otherId }), fresh, false],
  [
    'of an earlier process with this number',
    nameOf({ id: otherId, started: started + 1 }),
    fresh,
    isStartKnown,
  ],
  [
    'of an earlier process with the number of one that runs',
    nameOf({ pid: process.ppid, started: 1 }),
    fresh,
    isStartKnown,
  ],
  [
    'with this number, of a process whose start is unknown, just made',
    nameOf({ id: otherId, started: 0 }),
    fresh,
    false,
  ],
  [
    'with this number, of a process whose start is unknown, a day old',
    nameOf({ id: otherId, started: 0 }),
    old,
    true,
  ],
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

const sweep = (directory: string) => sweepTemporaries(portableSystem('a test'), { path: directory, fd: -1 });

test('a sweep removes what is stale and nothing else', () => {
  const stale = [nameOf({ pid: deadPid })];
  const others = [
    nameOf({}),
    nameOf({ id: otherId }),
    nameOf({ realm: foreignRealm }),
    '.fs-reflink-notes.tmp',
    'file',
  ];
  for (const name of [...stale, ...others]) fs.writeFileSync(path.join(home, name), '');
  sweep(home);
  expect(fs.readdirSync(home).sort()).toEqual(others.sort());
});

test.each([
  ['in the past', 0],
  ['ahead', 4_102_444_800],
])(
  'a sweep goes by when files of other hosts were touched, not by modification times %s',
  (_when, modified) => {
    const name = nameOf({ realm: foreignRealm });
    fs.writeFileSync(path.join(home, name), '');
    // A file that is being copied may already have its source's time.
    fs.utimesSync(path.join(home, name), modified, modified);
    sweep(home);
    expect(fs.readdirSync(home)).toEqual([name]);
    vi.useFakeTimers({ now: Date.now() + 2 * DAY_MS, toFake: ['Date'] });
    try {
      sweep(home);
    } finally {
      vi.useRealTimers();
    }
    expect(fs.readdirSync(home)).toEqual([]);
  },
);

const noStart = isStartKnown ? undefined : 'the system does not tell when a process was started';
test.skipIf(noStart)(
  orSkipped('a running process is known by its number and its start', noStart),
  async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdout.write("up"); setInterval(() => {}, 1e6)']);
    try {
      await once(child.stdout, 'data');
      const startedAt = Number(
        fs.readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19],
      );
      const name = (start: number) => nameOf({ pid: child.pid!, started: start, id: otherId });
      expect(isStaleTemporary(name(startedAt), old)).toBe(false);
      expect(isStaleTemporary(name(startedAt - 1), fresh)).toBe(true);
    } finally {
      child.kill('SIGKILL');
    }
  },
);

test('a directory that is gone, or holds a directory of such a name, does not fail the sweep', () => {
  expect(() => sweep(path.join(home, 'gone'))).not.toThrow();
  fs.mkdirSync(path.join(home, nameOf({ pid: deadPid })));
  expect(() => sweep(home)).not.toThrow();
});

test.skipIf(notLinux)(
  orSkipped('a sweep deletes nothing behind a link that takes its place', notLinux),
  () => {
    const name = nameOf({ pid: deadPid });
    const system = linuxSystem(loadBindings());
    for (const directory of ['swept', 'outside']) {
      fs.mkdirSync(path.join(home, directory));
      fs.writeFileSync(path.join(home, directory, name), '');
    }
    const opened = system.openDirectory(path.join(home, 'swept')) as Directory;
    fs.renameSync(path.join(home, 'swept'), path.join(home, 'moved'));
    fs.symlinkSync('outside', path.join(home, 'swept'));
    sweepTemporaries(system, opened);
    system.closeDirectory(opened);
    expect(fs.existsSync(path.join(home, 'outside', name))).toBe(true);
    expect(fs.existsSync(path.join(home, 'moved', name))).toBe(false);
  },
);
