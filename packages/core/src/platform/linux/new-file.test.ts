import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errnoOf, openDescriptors, pretendToClone } from '../../../../../test/support/injected.ts';
import type { CopyError } from '../../errors.ts';
import { Queue } from '../../execute/queue.ts';
import { runWhole } from '../../execute/run-whole.ts';
import { type CopyOptions, resolveCopyOptions } from '../../options.ts';
import { CLONED_NEW, COPIED_NEW, NOT_COPIED, type System } from '../system.ts';
import { type Bindings, loadBindings } from './bindings.ts';
import { AT_EMPTY_PATH, O_CREAT } from './constants.ts';
import { linuxSystem } from './linux.ts';

const content = randomBytes(3000);
/** Not what the usual umask leaves: it has to be set. */
const MODE = 0o626;
const MODIFIED = 1_500_000_000_250_000_000n;

let home: string;
beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-new-file-'));
  for (const name of ['first', 'from']) fs.mkdirSync(path.join(home, name));
  // The first file of a copy tells whether files can be cloned.
  fs.writeFileSync(path.join(home, 'first/first'), content);
  write('file', content);
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

function write(name: string, bytes: string | Uint8Array): void {
  const file = path.join(home, 'from', name);
  fs.writeFileSync(file, bytes);
  fs.chmodSync(file, MODE);
  fs.utimesSync(file, 1_600_000_000.125, 1_500_000_000.25);
}

interface Call {
  /** Which call of the copy of `file` it is. */
  name: string;
  fail: (real: Bindings, isOurs: (fd: number) => boolean, errno: number) => Partial<Bindings>;
}

const onFd =
  <Name extends 'ioctl' | 'read' | 'write' | 'futimens' | 'fchmod'>(name: Name): Call['fail'] =>
  (real, isOurs, errno) => ({
    [name]: (fd: number, ...rest: unknown[]) =>
      isOurs(fd) ? -errno : (real[name] as (...args: unknown[]) => number)(fd, ...rest),
  });

const calls: Call[] = [
  {
    name: 'openat of the source',
    fail: (real, _isOurs, errno) => ({
      openat: (at, name, flags, mode) =>
        name === 'file' && !(flags & O_CREAT) ? -errno : real.openat(at, name, flags, mode),
    }),
  },
  {
    name: 'openat of the destination',
    fail: (real, _isOurs, errno) => ({
      openat: (at, name, flags, mode) =>
        name === 'file' && flags & O_CREAT ? -errno : real.openat(at, name, flags, mode),
    }),
  },
  {
    name: 'statx of an open file',
    fail: (real, isOurs, errno) => ({
      statx: (fd, name, flags, mask, into) =>
        flags & AT_EMPTY_PATH && isOurs(fd) ? -errno : real.statx(fd, name, flags, mask, into),
    }),
  },
  { name: 'ioctl', fail: onFd('ioctl') },
  { name: 'read', fail: onFd('read') },
  { name: 'write', fail: onFd('write') },
  { name: 'futimens', fail: onFd('futimens') },
  { name: 'fchmod', fail: onFd('fchmod') },
];

const ERRNOS =
  'EACCES EAGAIN EBADF EDQUOT EEXIST EFBIG EINTR EINVAL EIO EISDIR ELOOP EMFILE ENAMETOOLONG ENFILE ENODEV ENOENT ENOMEM ENOSPC ENOSYS ENOTDIR ENOTSUP ENOTTY ENXIO EOVERFLOW EPERM EROFS ESTALE ETXTBSY EXDEV'.split(
    ' ',
  );

/** The real calls, the ones that `call` makes fail for `file` alone. */
function bindingsOf(call: Call | undefined, errno: number, clones: boolean): Bindings {
  const loaded = loadBindings();
  const real: Bindings = {
    ...loaded,
    ioctl: clones ? pretendToClone : () => -errnoOf('EOPNOTSUPP'),
  };
  const ours = new Set<number>();
  const failing = { ...real, ...call?.fail(real, (fd) => ours.has(fd), errno) };
  return {
    ...failing,
    // Under its own name or a temporary one, in the directory of `file`.
    openat(at, name, flags, mode) {
      const fd = failing.openat(at, name, flags, mode);
      const opened = fd >= 0 ? fs.readlinkSync(`/proc/self/fd/${fd}`) : '';
      if (fs.existsSync(opened) && fs.statSync(opened).isFile() && opened.includes('/from/')) ours.add(fd);
      return fd;
    },
    close(fd) {
      ours.delete(fd);
      return failing.close(fd);
    },
  };
}

function copy(system: System, options: CopyOptions = {}) {
  const { targets, transfer, ...plan } = resolveCopyOptions(
    [
      { from: 'first', to: 'out' },
      { from: 'from', to: 'out/from' },
    ],
    { cwd: home, ...options },
  );
  const job = { transfer, dryRun: false, entries: true, progress: false, recorded: false };
  const hooks = { progress() {}, large() {}, planned() {} };
  const queue = new Queue({ records: false, outcomes: false });
  const { tally, error } = runWhole(queue, job, { ...plan, targets }, system, hooks);
  return { tally, error: error as CopyError | undefined };
}

/** What a copy leaves and says, as far as it may not depend on the path that a file takes. */
function outcomeOf(system: System) {
  fs.rmSync(path.join(home, 'out'), { recursive: true, force: true });
  const open = openDescriptors();
  const { tally, error } = copy(system);
  expect(openDescriptors()).toBe(open);
  const directory = path.join(home, 'out/from');
  const names = fs.existsSync(directory) ? fs.readdirSync(directory).sort() : [];
  return {
    code: error?.code,
    source: error?.source,
    destination: error?.destination,
    method: error?.method,
    syscall: error?.syscall,
    files: tally.files,
    methods: tally.methods,
    left: names.map((name) => {
      const { mode, mtimeNs, size } = fs.statSync(path.join(directory, name), { bigint: true });
      return { name, mode, size, hasTimes: mtimeNs === MODIFIED };
    }),
  };
}

/** Notes what the fast path answered, but for the first file. */
function watched(system: System): { system: System; answers: number[] } {
  const answers: number[] = [];
  const copyNewFile: System['copyNewFile'] = (...args) => {
    const answer = system.copyNewFile!(...args);
    if (args[1] !== 'first') answers.push(answer);
    return answer;
  };
  return { system: { ...system, copyNewFile }, answers };
}

describe.skipIf(process.platform !== 'linux')('the fast path of a new file (Linux)', () => {
  const ways = [
    { how: 'cloned', clones: true, answer: CLONED_NEW },
    { how: 'copied', clones: false, answer: COPIED_NEW },
  ];

  test.each(ways)('leaves what the careful path leaves: $how', ({ clones, answer }) => {
    const { system, answers } = watched(linuxSystem(bindingsOf(undefined, 0, clones)));
    const fast = outcomeOf(system);
    expect(answers).toEqual([answer]);
    expect(fast.left).toEqual([{ name: 'file', mode: BigInt(0o100000 | MODE), size: 3000n, hasTimes: true }]);
    expect(fs.readFileSync(path.join(home, 'out/from/file')).equals(content)).toBe(true);
    const { copyNewFile: _none, ...careful } = system;
    expect(outcomeOf(careful)).toEqual(fast);
  });

  describe.each(ways)('a file that is $how', ({ clones }) => {
    const rows = calls
      .filter(({ name }) => (name === 'read' || name === 'write' ? !clones : name !== 'ioctl' || clones))
      .flatMap((call) => ERRNOS.map((errno) => ({ call: call.name, errno, fail: call })));

    test.each(rows)('has one outcome on both paths when $call answers $errno', ({ errno, fail }) => {
      const { system, answers } = watched(linuxSystem(bindingsOf(fail, errnoOf(errno), clones)));
      const fast = outcomeOf(system);
      expect(answers).toHaveLength(1);
      // An ioctl that says that cloning is impossible is followed by read and write.
      if (fail.name !== 'ioctl') expect(answers).toEqual([NOT_COPIED]);
      const { copyNewFile: _none, ...careful } = linuxSystem(bindingsOf(fail, errnoOf(errno), clones));
      expect(fast).toEqual(outcomeOf(careful));
    });
  });

  test('leaves a file that says it is empty, as those of /proc do, to the careful path', () => {
    write('file', '');
    const { system, answers } = watched(linuxSystem(bindingsOf(undefined, 0, true)));
    expect(copy(system).error).toBeUndefined();
    expect(answers).toEqual([NOT_COPIED]);
    expect(fs.statSync(path.join(home, 'out/from/file')).size).toBe(0);
  });

  test('leaves a source that changes while it is copied to the careful path, which copies it again', () => {
    const real = bindingsOf(undefined, 0, false);
    let reads = 0;
    const { system, answers } = watched(
      linuxSystem({
        ...real,
        read(fd, buffer, size) {
          const got = real.read(fd, buffer, size);
          if (got > 0 && ++reads === 2) write('file', content.toReversed());
          return got;
        },
      }),
    );
    expect(copy(system).error).toBeUndefined();
    expect(answers).toEqual([NOT_COPIED]);
    expect(fs.readFileSync(path.join(home, 'out/from/file')).equals(content.toReversed())).toBe(true);
  });

  test('deletes nothing that has taken the place of what it made', () => {
    const real = bindingsOf(undefined, 0, false);
    const destination = path.join(home, 'out/from/file');
    const deleted: string[] = [];
    const { system, answers } = watched(
      linuxSystem({
        ...real,
        unlinkat(directory, name, flags) {
          deleted.push(String(name));
          return real.unlinkat(directory, name, flags);
        },
        futimens(fd, times) {
          if (fs.readlinkSync(`/proc/self/fd/${fd}`) !== destination) return real.futimens(fd, times);
          fs.renameSync(destination, `${destination}.moved`);
          fs.writeFileSync(destination, 'theirs');
          return -errnoOf('EIO');
        },
      }),
    );
    copy(system, { overwrite: true });
    expect(answers).toEqual([NOT_COPIED]);
    // The careful path replaces it by a rename, as `overwrite: true` says.
    expect(deleted).not.toContain('file');
    expect(fs.readFileSync(destination).equals(content)).toBe(true);
    expect(fs.existsSync(`${destination}.moved`)).toBe(true);
  });

  test.each<[string, CopyOptions]>([
    ['atomic', { atomic: true }],
    ['overwrite: false', { overwrite: false }],
    ["overwrite: 'error'", { overwrite: 'error' }],
    ["reflink: 'never'", { reflink: 'never' }],
    ["cache: 'bypass'", { cache: 'bypass' }],
    ["durability: 'file'", { durability: 'file' }],
    ['other attributes', { preserve: ['mode', 'timestamps', 'xattr'] }],
    ['fewer attributes', { preserve: ['mode'] }],
  ])('is not taken with %s', (_title, options) => {
    const { system, answers } = watched(linuxSystem(bindingsOf(undefined, 0, false)));
    expect(copy(system, options).error).toBeUndefined();
    expect(answers).toEqual([]);
    expect(fs.readFileSync(path.join(home, 'out/from/file')).equals(content)).toBe(true);
  });

  test('is not taken into a directory that was there before', () => {
    fs.mkdirSync(path.join(home, 'out/from'), { recursive: true });
    const { system, answers } = watched(linuxSystem(bindingsOf(undefined, 0, false)));
    expect(copy(system).error).toBeUndefined();
    expect(answers).toEqual([]);
  });

  test('is taken for each file beside a link, and the link is not', () => {
    fs.symlinkSync('file', path.join(home, 'from/link'));
    write('other', content);
    const { system, answers } = watched(linuxSystem(bindingsOf(undefined, 0, false)));
    expect(copy(system, { symlinks: 'keep' }).tally).toMatchObject({ files: 3, links: 1 });
    expect(answers).toEqual([COPIED_NEW, COPIED_NEW]);
  });
});
