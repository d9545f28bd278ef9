import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy, copyFile, copyFileSync, type Target } from 'fs-reflink';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { portableSystem } from '../../packages/core/src/platform/portable/portable.ts';
import { pastTick } from '../support/clock.ts';
import { type MountedFilesystem, mountFilesystem, unavailable } from '../support/filesystems.ts';
import { orSkipped } from '../support/skip.ts';
import { SystemBench } from '../support/system-bench.ts';

const reason = unavailable('tmpfs');

describe.skipIf(reason)(orSkipped('a destination that is a file mounted by itself', reason), () => {
  let disk: MountedFilesystem;
  const at = (name: string) => join(disk.path, name);
  beforeEach(() => {
    disk = mountFilesystem('tmpfs');
    for (const name of ['in', 'out']) mkdirSync(at(name));
    for (const name of ['in/file', 'out/file', 'outer']) writeFileSync(at(name), name);
    execFileSync('mount', ['--bind', at('outer'), at('out/file')]);
  });
  afterEach(() => {
    execFileSync('umount', [at('out/file')]);
    disk.unmount();
  });

  const expectKept = () => {
    expect(readdirSync(at('out'))).toEqual(['file']);
    expect(readFileSync(at('outer'), 'utf8')).toBe('outer');
  };
  const paths = () => ({ source: at('in/file'), destination: at('out/file') });

  const copyWith = (target: Partial<Target>, options: CopyOptions = {}) =>
    copy({ from: at('in'), to: at('out'), ...target }, options);
  const ways: [name: string, run: () => Promise<unknown>, done: object, content?: string][] = [
    ['copyFile', () => copyFile(at('in/file'), at('out/file')), { method: 'read_write', bytes: 7 }],
    [
      'copyFileSync',
      async () => copyFileSync(at('in/file'), at('out/file')),
      { method: 'read_write', bytes: 7 },
    ],
    ['copy', () => copyWith({}), { methods: { read_write: { files: 1, bytes: 7 } } }],
    [
      "copy with overwrite: 'changed'",
      () => copyWith({}, { overwrite: 'changed' }),
      { methods: { read_write: { files: 1, bytes: 7 } } },
    ],
    [
      'copy with transform',
      () => copyWith({ transform: () => 'transformed' }),
      { methods: { transform: { files: 1, bytes: 11 } } },
      'transformed',
    ],
  ];
  test.each(ways)('%s writes into it', async (_name, run, done, content = 'in/file') => {
    chmodSync(at('in/file'), 0o640);
    utimesSync(at('in/file'), 1000, 1000);
    const inode = statSync(at('outer')).ino;
    expect(await run()).toMatchObject(done);
    expect(readdirSync(at('out'))).toEqual(['file']);
    expect(readFileSync(at('outer'), 'utf8')).toBe(content);
    const { ino, mode, mtimeMs } = statSync(at('outer'));
    expect([ino, mode & 0o777]).toEqual([inode, 0o640]);
    if (content === 'in/file') expect(mtimeMs).toBe(1_000_000);
  });

  test('one that was written into is unchanged for the next copy', async () => {
    await pastTick();
    await copyWith({}, { manifest: at('manifest') });
    expect(await copyWith({}, { manifest: at('manifest') })).toMatchObject({ files: 0, unchanged: 1 });
    expect(await copyWith({}, { overwrite: 'changed' })).toMatchObject({ files: 0, unchanged: 1 });
  });

  const refused: [string, CopyOptions, Partial<Target>?][] = [
    ["reflink: 'always'", { reflink: 'always' }],
    ['atomic', { atomic: true }],
    ['atomic and transform', { atomic: true }, { transform: () => 'transformed' }],
  ];
  test.each(refused)(
    'is not written into with %s, and the error says what to do',
    async (_name, options, target) => {
      const error = await copyWith(target ?? {}, options).catch((thrown: unknown) => thrown);
      // A tmpfs cannot clone: that error comes first.
      if (options.reflink) return expectKept();
      expect(error).toMatchObject({ code: 'EBUSY', syscall: 'rename', ...paths() });
      expect((error as Error).message).toContain('mount the directory that it is in');
      expectKept();
    },
  );

  test('nor is it by a link', async () => {
    symlinkSync('elsewhere', at('in/link'));
    const error = await copy(
      { from: at('in/link'), to: at('out'), rename: 'file' },
      { symlinks: 'keep' },
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'EBUSY', syscall: 'rename' });
    expectKept();
  });

  test('a disk that is full on the way: it gets its old content back', async () => {
    execFileSync('umount', [at('out/file')]);
    const small = mountFilesystem('tmpfs', { sizeMiB: 1 });
    try {
      const old = Buffer.alloc(600_000, 'old');
      writeFileSync(join(small.path, 'outer'), old, { mode: 0o604 });
      utimesSync(join(small.path, 'outer'), 500, 500);
      writeFileSync(at('in/file'), Buffer.alloc(3_000_000, 'new'));
      execFileSync('mount', ['--bind', join(small.path, 'outer'), at('out/file')]);
      const error = await copyWith({}).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'ENOSPC', syscall: 'write', ...paths() });
      expect(readFileSync(join(small.path, 'outer')).equals(old)).toBe(true);
      expect(readdirSync(at('out'))).toEqual(['file']);
    } finally {
      execFileSync('umount', [at('out/file')]);
      small.unmount();
      execFileSync('mount', ['--bind', at('outer'), at('out/file')]);
    }
  });

  test('node:fs writes into it too', () => {
    using bench = new SystemBench(portableSystem('a test'));
    bench.write('file', 'new');
    bench.writeExisting('file', 'old');
    const mounted = join(bench.destination, 'file');
    execFileSync('mount', ['--bind', at('outer'), mounted]);
    try {
      expect(bench.copy('file')).toMatchObject({ method: 'node_fs' });
      expect(bench.names).toEqual(['file']);
    } finally {
      execFileSync('umount', [mounted]);
    }
    expect(readFileSync(at('outer'), 'utf8')).toBe('new');
  });
});
